/** Which pods go first when a set shrinks. The order is upstream's ActivePodsWithRanks: the least loss to the user first. */

import { isPodReady, type Pod, podCondition } from "@kubets/api";
import { parseTime } from "@kubets/apimachinery";

export interface RankedPod {
  readonly pod: Pod;
  /** How many related pods are on its node: doubled-up pods go first. */
  readonly rank: number;
}

const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
const phaseOrder: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** Sorts so that the first is to be deleted first. */
export function sortForDeletion(pods: readonly RankedPod[], nowMs: number): Pod[] {
  return [...pods].sort((a, b) => compare(a, b, nowMs)).map(({ pod }) => pod);
}

function compare(a: RankedPod, b: RankedPod, nowMs: number): number {
  const [p, q] = [a.pod, b.pod];
  return (
    Number(Boolean(p.spec?.nodeName)) - Number(Boolean(q.spec?.nodeName)) ||
    (phaseOrder[p.status?.phase ?? ""] ?? 0) - (phaseOrder[q.status?.phase ?? ""] ?? 0) ||
    Number(isPodReady(p)) - Number(isPodReady(q)) ||
    deletionCost(p) - deletionCost(q) ||
    b.rank - a.rank ||
    (isPodReady(p) ? byAge(readyTime(p), readyTime(q), p, q, nowMs) : 0) ||
    restarts(q) - restarts(p) ||
    byAge(parseTime(p.metadata?.creationTimestamp), parseTime(q.metadata?.creationTimestamp), p, q, nowMs)
  );
}

/** @returns 0 for an annotation that is not a 32-bit integer: it is ignored. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata?.annotations?.[deletionCostAnnotation] ?? "0";
  return /^(0|-?[1-9][0-9]*)$/.test(text) && Math.abs(Number(text)) <= 0x7fff_ffff ? Number(text) : 0;
}

function readyTime(pod: Pod): number {
  return parseTime(podCondition(pod.status, "Ready")?.lastTransitionTime ?? undefined);
}

/** The younger first, by orders of magnitude of age; within one, in order of uid, so that long-lived sets lose no one cohort. */
function byAge(a: number, b: number, p: Pod, q: Pod, nowMs: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (Number.isNaN(a)) return -1;
  if (Number.isNaN(b)) return 1;
  const difference = magnitude(nowMs - a) - magnitude(nowMs - b);
  if (difference !== 0) return difference;
  return (p.metadata?.uid ?? "") < (q.metadata?.uid ?? "") ? -1 : 1;
}

function magnitude(ms: number): number {
  return ms <= 0 ? 0 : Math.floor(Math.log2(ms * 1e6));
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}
