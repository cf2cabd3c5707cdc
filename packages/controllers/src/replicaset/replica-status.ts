/** The status of a ReplicaSet or ReplicationController, from its pods. Pure. */

import { type Pod, type ReplicaSetCondition, type ReplicaSetStatus, replicaStatusCounts } from "@kubets/api";
import { formatTime, messageOf } from "@kubets/apimachinery";
import { nonZero } from "../runtime/counts.ts";
import { isPodAvailable, isPodReady } from "../runtime/pods.ts";
import type { ReplicaOwner } from "./replica-owner.ts";

export interface ReplicaObservation {
  readonly owner: ReplicaOwner;
  /** Active and owned. */
  readonly pods: readonly Pod[];
  /** Being deleted, and owned; undefined where the kind does not report them. */
  readonly terminating: number | undefined;
  /** Why creating or deleting failed, if it did. */
  readonly error: unknown;
  readonly nowMs: number;
}

export function replicaStatus({ owner, pods, terminating, error, nowMs }: ReplicaObservation): ReplicaSetStatus {
  const templateLabels = Object.entries(owner.spec?.template?.metadata?.labels ?? {});
  const fullyLabeled = pods.filter((pod) =>
    templateLabels.every(([key, value]) => pod.metadata?.labels?.[key] === value),
  );
  const minReadySeconds = owner.spec?.minReadySeconds ?? 0;
  const conditions = conditionsOf(owner, pods.length, error, nowMs);
  return {
    replicas: pods.length,
    ...nonZero({
      fullyLabeledReplicas: fullyLabeled.length,
      readyReplicas: pods.filter(isPodReady).length,
      availableReplicas: pods.filter((pod) => isPodAvailable(pod, minReadySeconds, nowMs)).length,
      observedGeneration: owner.metadata?.generation,
    }),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function conditionsOf(owner: ReplicaOwner, active: number, error: unknown, nowMs: number): ReplicaSetCondition[] {
  const old = owner.status?.conditions ?? [];
  const failure = old.find(({ type }) => type === "ReplicaFailure");
  if (error === undefined) return old.filter((condition) => condition !== failure);
  if (failure !== undefined) return [...old];
  const reason = active < (owner.spec?.replicas ?? 1) ? "FailedCreate" : "FailedDelete";
  const condition = { type: "ReplicaFailure", status: "True", reason, message: messageOf(error) };
  return [...old, { ...condition, lastTransitionTime: formatTime(nowMs) }];
}

/** Nothing in it would be news to the API. Counts left out are zero. */
export function sameReplicaStatus(a: ReplicaSetStatus | undefined, b: ReplicaSetStatus): boolean {
  if (a === undefined || replicaStatusCounts.some((count) => (a[count] ?? 0) !== (b[count] ?? 0))) return false;
  return JSON.stringify(a.conditions ?? []) === JSON.stringify(b.conditions ?? []);
}
