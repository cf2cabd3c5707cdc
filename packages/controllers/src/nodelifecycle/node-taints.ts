/** The taints a node's conditions call for. Pure. */

import { type Node, nodeCondition, type Taint } from "@kubets/api";
import { formatTime } from "@kubets/apimachinery";

const notReadyTaint = "node.kubernetes.io/not-ready";
const unreachableTaint = "node.kubernetes.io/unreachable";
const unschedulableTaint = "node.kubernetes.io/unschedulable";

/** Condition, its status, and the taint that keeps new pods away meanwhile. */
const conditionTaints: readonly (readonly [type: string, status: string, key: string])[] = [
  ["Ready", "False", notReadyTaint],
  ["Ready", "Unknown", unreachableTaint],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
];

const ourNoSchedule = new Set([unschedulableTaint, ...conditionTaints.map(([, , key]) => key)]);
const ourNoExecute = new Set([notReadyTaint, unreachableTaint]);

export function readyStatus(node: Node): string | undefined {
  return nodeCondition(node, "Ready")?.status;
}

/** The key of the NoExecute taint a node should have; undefined for a ready one, or one that has not said anything yet. */
export function evictionTaintFor(node: Node): string | undefined {
  const status = readyStatus(node);
  return status === "False" ? notReadyTaint : status === "Unknown" ? unreachableTaint : undefined;
}

export function evictionTaintOf(node: Node): string | undefined {
  return node.spec?.taints?.find(({ key, effect }) => effect === "NoExecute" && ourNoExecute.has(key))?.key;
}

/** The node's taints as they should be: everyone else's, and ours with `evictionTaint` as the only NoExecute one. */
export function wantedTaints(node: Node, evictionTaint: string | undefined, nowMs: number): Taint[] {
  const old = node.spec?.taints ?? [];
  const isOurs = ({ key, effect }: Taint) =>
    (effect === "NoSchedule" && ourNoSchedule.has(key)) || (effect === "NoExecute" && ourNoExecute.has(key));
  const statusOf = (type: string) => node.status?.conditions?.find((condition) => condition.type === type)?.status;
  const keys = conditionTaints.filter(([type, status]) => statusOf(type) === status).map(([, , key]) => key);
  if (node.spec?.unschedulable) keys.push(unschedulableTaint);
  const wanted: Taint[] = keys.map((key) => ({ key, effect: "NoSchedule" }));
  if (evictionTaint !== undefined) wanted.push({ key: evictionTaint, effect: "NoExecute" });
  const kept = (taint: Taint) => old.find(({ key, effect }) => key === taint.key && effect === taint.effect);
  return [
    ...old.filter((taint) => !isOurs(taint)),
    ...wanted.map((taint) => kept(taint) ?? { ...taint, timeAdded: formatTime(nowMs) }),
  ];
}
