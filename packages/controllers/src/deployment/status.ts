/** What a Deployment reports: counts, Available, and whether its rollout gets anywhere. Pure; times come in. */

import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "@kubets/api";
import { formatTime, parseTime } from "@kubets/apimachinery";
import { nonZero } from "../runtime/counts.ts";
import { actualReplicas, maxUnavailable, replicasOf, wantedReplicas } from "./replica-sets.ts";

export function conditionOf(status: DeploymentStatus | undefined, type: string): DeploymentCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

export function newCondition(
  type: string,
  status: string,
  reason: string,
  message: string,
  nowMs: number,
): DeploymentCondition {
  const now = formatTime(nowMs);
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** With `condition` in place of the one of its type; unchanged when status and reason are the same. */
export function withCondition(status: DeploymentStatus, condition: DeploymentCondition): DeploymentStatus {
  const current = conditionOf(status, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return status;
  const next =
    current?.status === condition.status && current.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: current.lastTransitionTime }
      : condition;
  return { ...status, conditions: [...(withoutCondition(status, condition.type).conditions ?? []), next] };
}

function withoutCondition(status: DeploymentStatus, type: string): DeploymentStatus {
  const { conditions = [], ...rest } = status;
  const left = conditions.filter((condition) => condition.type !== type);
  return left.length === 0 ? rest : { ...rest, conditions: left };
}

export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 0x7fff_ffff;
}

export function calculateStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const available = actualReplicas(all, "availableReplicas");
  const collisionCount = deployment.status?.collisionCount;
  const status: DeploymentStatus = {
    ...nonZero({
      observedGeneration: deployment.metadata?.generation,
      replicas: actualReplicas(all),
      updatedReplicas: newSet === undefined ? 0 : actualReplicas([newSet]),
      readyReplicas: actualReplicas(all, "readyReplicas"),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, wantedReplicas(all) - available),
    }),
    terminatingReplicas: actualReplicas(all, "terminatingReplicas"),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(deployment.status?.conditions === undefined ? {} : { conditions: deployment.status.conditions }),
  };
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const condition = enough
    ? newCondition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", nowMs)
    : newCondition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        nowMs,
      );
  return withCondition(status, condition);
}

export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata?.generation ?? 0)
  );
}

function isProgressing(deployment: Deployment, next: DeploymentStatus): boolean {
  const old = deployment.status ?? {};
  const stale = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    stale(next) < stale(old) ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, status: DeploymentStatus, nowMs: number): boolean {
  const condition = conditionOf(status, "Progressing");
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return parseTime(condition.lastUpdateTime) + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 < nowMs;
}

/** The status during a rollout: {@link calculateStatus} with Progressing and ReplicaFailure. */
export function rolloutStatus(
  deployment: Deployment,
  all: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  let status = calculateStatus(deployment, all, newSet, nowMs);
  if (!hasProgressDeadline(deployment)) status = withoutCondition(status, "Progressing");
  else status = withProgress(deployment, status, newSet, nowMs);
  const failure = replicaFailure(newSet === undefined ? [...all] : [newSet, ...all]);
  return failure === undefined ? withoutCondition(status, "ReplicaFailure") : withCondition(status, failure);
}

function withProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  nowMs: number,
): DeploymentStatus {
  const current = conditionOf(deployment.status, "Progressing");
  const done = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === "NewReplicaSetAvailable";
  if (done) return status;
  const name =
    newSet === undefined ? `Deployment "${deployment.metadata?.name}"` : `ReplicaSet "${newSet.metadata?.name}"`;
  const condition = (value: string, reason: string, text: string) =>
    newCondition("Progressing", value, reason, `${name} ${text}`, nowMs);
  if (isComplete(deployment, status)) {
    return withCondition(status, condition("True", "NewReplicaSetAvailable", "has successfully progressed."));
  }
  if (isProgressing(deployment, status)) {
    const progressing = condition("True", "ReplicaSetUpdated", "is progressing.");
    // Every step forward moves lastUpdateTime, from which the deadline is counted, though status and reason stay.
    const since = current?.status === "True" ? current.lastTransitionTime : undefined;
    return withCondition(withoutCondition(status, "Progressing"), {
      ...progressing,
      ...(since === undefined ? {} : { lastTransitionTime: since }),
    });
  }
  if (hasTimedOut(deployment, status, nowMs)) {
    return withCondition(status, condition("False", "ProgressDeadlineExceeded", "has timed out progressing."));
  }
  return status;
}

function replicaFailure(sets: readonly ReplicaSet[]): DeploymentCondition | undefined {
  for (const set of sets) {
    const condition = set.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    if (condition === undefined) continue;
    const at = condition.lastTransitionTime;
    return { ...condition, ...(at === undefined ? {} : { lastUpdateTime: at }) } as DeploymentCondition;
  }
  return undefined;
}

/** When to look again whether the rollout has run out of time; undefined when nothing is waiting for that. */
export function progressCheckMs(deployment: Deployment, status: DeploymentStatus, nowMs: number): number | undefined {
  const condition = conditionOf(deployment.status, "Progressing");
  if (!hasProgressDeadline(deployment) || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === "ProgressDeadlineExceeded") return undefined;
  // A rollout that is done is not waited for, even when pods are lost later.
  if (condition.reason === "NewReplicaSetAvailable") return undefined;
  const left = parseTime(condition.lastUpdateTime) + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000 - nowMs;
  return Math.max(left, 0) + 1000;
}
