/** Sharing a change of size among the ReplicaSets of a rollout that is under way, each in proportion. Pure. */

import type { Deployment, ReplicaSet } from "@kubets/api";
import {
  annotatedNumber,
  byCreation,
  maxReplicasAnnotation,
  maxSurge,
  replicasOf,
  wantedReplicas,
} from "./replica-sets.ts";

/** New sizes, in the order they are to be written: when growing the largest and newest first, when shrinking the largest and oldest. */
export function proportionalSizes(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): { set: ReplicaSet; size: number }[] {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + maxSurge(deployment) : 0;
  const toAdd = allowed - wantedReplicas(sets);
  const age = toAdd > 0 ? -1 : 1;
  const ordered = [...sets].sort((a, b) => replicasOf(b) - replicasOf(a) || age * byCreation(a, b));
  let added = 0;
  const sizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : shareOf(set, deployment, toAdd, added);
    added += share;
    return { set, size: replicasOf(set) + share };
  });
  const first = sizes[0];
  // What rounding left over.
  if (first !== undefined && toAdd !== 0) first.size = Math.max(0, first.size + toAdd - added);
  return sizes;
}

function shareOf(set: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  if (replicasOf(set) === 0 || toAdd === added) return 0;
  const fraction = fractionOf(set, deployment);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

function fractionOf(set: ReplicaSet, deployment: Deployment): number {
  const size = replicasOf(set);
  if (replicasOf(deployment) === 0) return -size;
  const before = annotatedNumber(set, maxReplicasAnnotation) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  return Math.round((size * (replicasOf(deployment) + maxSurge(deployment))) / before) - size;
}
