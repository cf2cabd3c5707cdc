/** How `kubectl get pods` shows a Pod. Source: printPod in pkg/printers/internalversion. */

import { humanDuration, parseTime } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import type { Column, ResourceDefinition } from "../definition.ts";
import type { ContainerStatus, Pod } from "../generated/types.ts";
import { isPodTerminal, isRestartableInitContainer, podCondition } from "./pod-helpers.ts";

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  /** The STATUS column. */
  readonly status: string;
  readonly restarts: number;
  /** Of the last restart, epoch milliseconds; undefined for none. */
  readonly lastRestart: number | undefined;
}

/** Counts restarts and the time of the last. */
class Restarts {
  count = 0;
  last: number | undefined;

  add({ restartCount, lastState }: ContainerStatus): void {
    this.count += restartCount ?? 0;
    const finished = parseTime(lastState?.terminated?.finishedAt);
    if (!Number.isNaN(finished) && finished > (this.last ?? Number.NEGATIVE_INFINITY)) this.last = finished;
  }
}

/** The state of a Pod in a few words, read from its containers rather than its phase. */
export function summarizePod(pod: Pod): PodSummary {
  const init = summarizeInit(pod);
  const isInitialized = init.reason === undefined || podCondition(pod.status, "Initialized")?.status === "True";
  const reason = init.reason ?? initialReason(pod);
  const main = isInitialized ? summarizeContainers(pod, reason, init.sidecars) : undefined;
  const restarts = main?.restarts ?? init.restarts;
  return {
    ready: init.readySidecars + (main?.ready ?? 0),
    total:
      (pod.spec?.containers?.length ?? 0) + (pod.spec?.initContainers ?? []).filter(isRestartableInitContainer).length,
    status: deletionStatus(pod) ?? main?.reason ?? reason,
    restarts: restarts.count,
    lastRestart: restarts.last,
  };
}

function initialReason(pod: Pod): string {
  if (podCondition(pod.status, "PodScheduled")?.reason === "SchedulingGated") return "SchedulingGated";
  return pod.status?.reason || (pod.status?.phase ?? "");
}

function deletionStatus(pod: Pod): string | undefined {
  if (pod.metadata?.deletionTimestamp === undefined) return undefined;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  return isPodTerminal(pod) ? undefined : "Terminating";
}

interface InitSummary {
  /** Set while the Pod is initializing: `Init:1/2`, `Init:CrashLoopBackOff`. */
  readonly reason: string | undefined;
  readonly readySidecars: number;
  readonly restarts: Restarts;
  /** Restarts of the sidecars alone. */
  readonly sidecars: Restarts;
}

function summarizeInit(pod: Pod): InitSummary {
  const initContainers = pod.spec?.initContainers ?? [];
  const sidecarNames = new Set(initContainers.filter(isRestartableInitContainer).map((each) => each.name));
  const restarts = new Restarts();
  const sidecars = new Restarts();
  let readySidecars = 0;
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const isSidecar = sidecarNames.has(status.name);
    restarts.add(status);
    if (isSidecar) sidecars.add(status);
    if (status.state?.terminated?.exitCode === 0) continue;
    if (isSidecar && status.started === true) {
      if (status.ready) readySidecars++;
      continue;
    }
    const reason = initReason(status) ?? `${i}/${initContainers.length}`;
    return { reason: `Init:${reason}`, readySidecars, restarts, sidecars };
  }
  return { reason: undefined, readySidecars, restarts, sidecars };
}

function initReason({ state }: ContainerStatus): string | undefined {
  if (state?.terminated !== undefined) return terminatedReason(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== "PodInitializing" ? waiting : undefined;
}

function terminatedReason(terminated: { reason?: string; signal?: number; exitCode?: number }): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
}

/** From the last container to the first, so that the first one with something to say is shown. */
function summarizeContainers(pod: Pod, before: string, restarts: Restarts) {
  let reason = before;
  let ready = 0;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    restarts.add(status);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminatedReason(terminated);
    else if (status.ready && running !== undefined) ready++;
  }
  if (reason === "Completed" && ready > 0)
    reason = podCondition(pod.status, "Ready")?.status === "True" ? "Running" : "NotReady";
  return { reason, ready, restarts };
}

function restartsCell(pod: Pod, now: number): string {
  const { restarts, lastRestart } = summarizePod(pod);
  if (restarts === 0 || lastRestart === undefined) return String(restarts);
  return `${restarts} (${humanDuration(now - lastRestart)} ago)`;
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const passed = gates.filter(({ conditionType }) => podCondition(pod.status, conditionType)?.status === "True");
  return `${passed.length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  column("Ready", (pod: Pod) => {
    const { ready, total } = summarizePod(pod);
    return `${ready}/${total}`;
  }),
  column("Status", (pod: Pod) => summarizePod(pod).status),
  column("Restarts", (pod: Pod, { now }) => restartsCell(pod, now)),
  ageColumn,
  column("IP", (pod: Pod) => pod.status?.podIPs?.[0]?.ip || "<none>", { wide: true }),
  column("Node", (pod: Pod) => pod.spec?.nodeName || "<none>", { wide: true }),
  column("Nominated Node", (pod: Pod) => pod.status?.nominatedNodeName || "<none>", { wide: true }),
  column("Readiness Gates", readinessGates, { wide: true }),
];

/** Finished Pods are marked, so that a client may grey them out or leave them out. */
export const podRowConditions: NonNullable<ResourceDefinition<Pod>["rowConditions"]> = (pod) => {
  switch (pod.status?.phase) {
    case "Succeeded":
      return [
        { type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." },
      ];
    case "Failed":
      return [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];
    default:
      return [];
  }
};
