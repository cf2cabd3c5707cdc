/** The strategic merge patch that takes a pod's status from what the server has to what it should be. Pure. */

import type { PodCondition, PodStatus } from "@kubets/api";
import { deepEqual } from "@kubets/apimachinery";
import { kubeletConditions } from "./conditions.ts";

type Fields = Record<string, unknown>;

/** What a kubelet may take back when it no longer holds. All else that it does not know is someone else's. */
const clearable = new Set([
  ...["reason", "message", "podIP", "podIPs", "hostIP", "hostIPs"],
  ...["initContainerStatuses", "ephemeralContainerStatuses"],
]);

/** Lists that a strategic merge patch would merge by key: `$patch: replace` makes it replace them. */
const mergedLists = new Set(["podIPs", "hostIPs"]);

/** Undefined when there is nothing to change. Conditions that are not the kubelet's are left alone. */
export function statusPatch(uid: string, old: PodStatus, wanted: PodStatus): object | undefined {
  const status: Fields = {};
  const before = old as unknown as Fields;
  const after = wanted as unknown as Fields;
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (key === "conditions" || deepEqual(before[key], after[key])) continue;
    if (after[key] !== undefined) status[key] = replacing(key, before[key], after[key]);
    else if (clearable.has(key)) status[key] = null;
  }
  const conditions = changedConditions(old.conditions ?? [], wanted.conditions ?? []);
  if (conditions.length > 0) {
    status["$setElementOrder/conditions"] = (wanted.conditions ?? []).map(({ type }) => ({ type }));
    status["conditions"] = conditions;
  }
  return Object.keys(status).length === 0 ? undefined : { metadata: { uid }, status };
}

function replacing(key: string, before: unknown, after: unknown): unknown {
  if (!mergedLists.has(key) || !Array.isArray(after) || !Array.isArray(before) || before.length === 0) return after;
  return [...after, { $patch: "replace" }];
}

function changedConditions(old: readonly PodCondition[], wanted: readonly PodCondition[]): object[] {
  const changed: object[] = [];
  for (const condition of wanted) {
    if (!kubeletConditions.includes(condition.type)) continue;
    const before = old.find((c) => c.type === condition.type);
    const { lastProbeTime: _, ...comparable } = (before ?? {}) as PodCondition;
    if (deepEqual(comparable, condition)) continue;
    // What the old condition said and the new one does not must be taken back explicitly.
    const cleared = Object.keys(comparable).filter((key) => !(key in condition));
    changed.push({ ...condition, ...Object.fromEntries(cleared.map((key) => [key, null])) });
  }
  return changed;
}
