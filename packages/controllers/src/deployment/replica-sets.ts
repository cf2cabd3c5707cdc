/** Questions about a Deployment's ReplicaSets. Pure. */

import type { Deployment, ReplicaSet } from "@kubets/api";
import { parseTime } from "@kubets/apimachinery";
import { scaledValue } from "../runtime/int-or-string.ts";
import { sameTemplate } from "./template-hash.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
export const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
export const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
export const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";

export function replicasOf(object: ReplicaSet | Deployment): number {
  return object.spec?.replicas ?? 1;
}

/** Sum of what is asked for. */
export function wantedReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

type Count = "replicas" | "readyReplicas" | "availableReplicas" | "terminatingReplicas";

/** Sum of what there is. */
export function actualReplicas(sets: readonly ReplicaSet[], count: Count = "replicas"): number {
  return sets.reduce((sum, set) => sum + (set.status?.[count] ?? 0), 0);
}

export function activeSets(sets: readonly ReplicaSet[]): ReplicaSet[] {
  return sets.filter((set) => replicasOf(set) > 0);
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const difference = parseTime(a.metadata?.creationTimestamp) - parseTime(b.metadata?.creationTimestamp);
  return difference || ((a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1);
}

/** The set whose template is the Deployment's. Of several, the oldest, so that the choice stays the same. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byCreation).find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
}

export function findOldSets(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet[] {
  const current = findNewSet(deployment, sets);
  return sets.filter((set) => set.metadata?.uid !== current?.metadata?.uid);
}

/** A revision, which is an int64: adopted sets bring theirs, and it may be large. 0 for a set that has none, or none that is a number. */
export function revisionOf(object: ReplicaSet | Deployment): bigint {
  return parseRevision(object.metadata?.annotations?.[revisionAnnotation] ?? "") ?? 0n;
}

/** Undefined for what is no int64. */
export function parseRevision(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const revision = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, revision) === revision ? revision : undefined;
}

export function maxRevision(sets: readonly ReplicaSet[]): bigint {
  let max = 0n;
  for (const set of sets) {
    const revision = revisionOf(set);
    if (revision > max) max = revision;
  }
  return max;
}

export function isRolling(deployment: Deployment): boolean {
  return (deployment.spec?.strategy?.type ?? "RollingUpdate") === "RollingUpdate";
}

/** How many pods there may be beyond, and short of, the wanted number. Not both zero: that could never move. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, replicasOf(deployment), true);
  const unavailable = scaledValue(maxUnavailable, replicasOf(deployment), false);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export function maxSurge(deployment: Deployment): number {
  return isRolling(deployment) ? fenceposts(deployment).surge : 0;
}

export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

export function minAvailable(deployment: Deployment): number {
  return isRolling(deployment) ? replicasOf(deployment) - maxUnavailable(deployment) : 0;
}

/** A number an annotation of ours holds; undefined when it does not. */
export function annotatedNumber(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata?.annotations?.[annotation];
  return text !== undefined && /^-?[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Everything the Deployment asks for is there, in the new set, available. */
export function isSaturated(deployment: Deployment, newSet: ReplicaSet | undefined): boolean {
  if (newSet === undefined) return false;
  const wanted = replicasOf(deployment);
  const desired = annotatedNumber(newSet, desiredReplicasAnnotation);
  return replicasOf(newSet) === wanted && desired === wanted && (newSet.status?.availableReplicas ?? 0) === wanted;
}

/** The size the new set may have now. */
export function newSetSize(deployment: Deployment, all: readonly ReplicaSet[], current: number): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const room = wanted + maxSurge(deployment) - wantedReplicas(all);
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}
