/** How many pods of a PodDisruptionBudget may be evicted. Pure. */

import type { Condition, Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from "@kubets/api";
import { formatTime, parseTime } from "@kubets/apimachinery";
import { scaledValue } from "../runtime/int-or-string.ts";
import { isPodReady, isPodTerminal, isPodTerminating } from "../runtime/pods.ts";

/** How long an eviction that was granted may take to become a deletion. */
const deletionTimeoutMs = 2 * 60_000;

/** Whether the budget is a share of a whole that its pods' controllers must tell. */
export function needsScale({ spec }: PodDisruptionBudget): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

export interface Disruptions {
  readonly disruptedPods: Record<string, string>;
  /** Pods whose eviction was granted and came to nothing. */
  readonly notDeleted: readonly Pod[];
  /** When to look again at those still expected to go. */
  readonly recheckMs: number | undefined;
}

/** Evictions granted whose deletion has not been seen yet: their pods count as gone already. */
export function pendingDisruptions(budget: PodDisruptionBudget, pods: readonly Pod[], nowMs: number): Disruptions {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let recheckMs: number | undefined;
  for (const pod of pods) {
    const name = pod.metadata?.name ?? "";
    const since = budget.status?.disruptedPods?.[name];
    if (since === undefined || isPodTerminating(pod)) continue;
    const left = parseTime(since) + deletionTimeoutMs - nowMs;
    if (left <= 0) {
      notDeleted.push(pod);
      continue;
    }
    disruptedPods[name] = since;
    recheckMs = Math.min(recheckMs ?? left, left);
  }
  return { disruptedPods, notDeleted, recheckMs };
}

/** `scale` is what the controllers of the pods want together; used only where {@link needsScale}. */
export function disruptionStatus(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: number,
  disruptions: Disruptions,
  nowMs: number,
): PodDisruptionBudgetStatus {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  const expectedPods = needsScale(budget) ? scale : pods.filter((pod) => !isPodTerminal(pod)).length;
  let desiredHealthy = 0;
  if (maxUnavailable !== undefined)
    desiredHealthy = Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, true));
  else if (minAvailable !== undefined) desiredHealthy = scaledValue(minAvailable, expectedPods, true);
  const counts = (pod: Pod) =>
    isPodReady(pod) && !isPodTerminating(pod) && disruptions.disruptedPods[pod.metadata?.name ?? ""] === undefined;
  const currentHealthy = pods.filter(counts).length;
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const generation = budget.metadata?.generation;
  const { disruptedPods } = disruptions;
  return {
    disruptionsAllowed,
    currentHealthy,
    desiredHealthy,
    expectedPods,
    ...(Object.keys(disruptedPods).length > 0 ? { disruptedPods } : {}),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: [allowedCondition(budget, disruptionsAllowed > 0, nowMs)],
  };
}

function allowedCondition(budget: PodDisruptionBudget, allowed: boolean, nowMs: number): Condition {
  const status = allowed ? "True" : "False";
  const old = budget.status?.conditions?.find(({ type }) => type === "DisruptionAllowed");
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(nowMs);
  const reason = allowed ? "SufficientPods" : "InsufficientPods";
  const generation = budget.metadata?.generation;
  return {
    type: "DisruptionAllowed",
    status,
    reason,
    message: "",
    lastTransitionTime,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
