/** The annotations a Deployment puts on its ReplicaSets: which revision each is, and what size was wanted. Functions change the copies they are given. */

import type { Deployment, ReplicaSet } from "@kubets/api";
import { lastAppliedAnnotation } from "@kubets/apimachinery";
import {
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  maxSurge,
  parseRevision,
  replicasOf,
  revisionAnnotation,
  revisionHistoryAnnotation,
} from "./replica-sets.ts";

/** `kubectl rollout history` shows them; older ones are dropped. */
const maxHistoryCharacters = 2000;

const notCopied = new Set([
  lastAppliedAnnotation,
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  "deprecated.deployment.rollback.to",
]);

type Annotations = Record<string, string>;

function annotationsOf(object: Deployment | ReplicaSet): Annotations {
  object.metadata ??= {};
  object.metadata.annotations ??= {};
  return object.metadata.annotations;
}

function put(annotations: Annotations, key: string, value: string): boolean {
  if (annotations[key] === value) return false;
  annotations[key] = value;
  return true;
}

/** True when something changed. `exists` is false for a set about to be created. */
export function annotateNewSet(deployment: Deployment, set: ReplicaSet, revision: bigint, exists: boolean): boolean {
  const annotations = annotationsOf(set);
  let changed = false;
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!notCopied.has(key)) changed = put(annotations, key, value) || changed;
  }
  changed = raiseRevision(annotations, revision) || changed;
  if (!exists) changed = annotateSizes(deployment, set) || changed;
  return changed;
}

/** A revision only goes up: old sets may have been cleaned away since. What it was before is kept, for rollbacks come back to it. */
function raiseRevision(annotations: Annotations, revision: bigint): boolean {
  const old = annotations[revisionAnnotation];
  if (old) {
    const before = parseRevision(old);
    if (before === undefined || before >= revision) return false;
  }
  annotations[revisionAnnotation] = String(revision);
  if (old === undefined) return true;
  const history = (annotations[revisionHistoryAnnotation] ?? "").split(",").filter(Boolean);
  history.push(old);
  while (history.join(",").length > maxHistoryCharacters) history.shift();
  annotations[revisionHistoryAnnotation] = history.join(",");
  return true;
}

export function annotateSizes(deployment: Deployment, set: ReplicaSet): boolean {
  const annotations = annotationsOf(set);
  const wanted = replicasOf(deployment);
  const desired = put(annotations, desiredReplicasAnnotation, String(wanted));
  return put(annotations, maxReplicasAnnotation, String(wanted + maxSurge(deployment))) || desired;
}

export function setDeploymentRevision(deployment: Deployment, revision: string): boolean {
  return put(annotationsOf(deployment), revisionAnnotation, revision);
}
