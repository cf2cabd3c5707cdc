/** What a DaemonSet's pods look like and which nodes want one. Pure. */

import {
  type DaemonSet,
  matchesNodeAffinity,
  type Node,
  type Pod,
  type PodSpec,
  type Toleration,
  untoleratedTaint,
} from "@kubets/api";

const exists = (key: string, effect: string): Toleration => ({ key, operator: "Exists", effect });

/** Daemons stay through what drives others away, and start where others may not. */
function daemonTolerations(spec: PodSpec): Toleration[] {
  return [
    exists("node.kubernetes.io/not-ready", "NoExecute"),
    exists("node.kubernetes.io/unreachable", "NoExecute"),
    exists("node.kubernetes.io/disk-pressure", "NoSchedule"),
    exists("node.kubernetes.io/memory-pressure", "NoSchedule"),
    exists("node.kubernetes.io/pid-pressure", "NoSchedule"),
    exists("node.kubernetes.io/unschedulable", "NoSchedule"),
    ...(spec.hostNetwork ? [exists("node.kubernetes.io/network-unavailable", "NoSchedule")] : []),
  ];
}

/** Adds to the user's tolerations what is not there already. */
function withDaemonTolerations(spec: PodSpec): Toleration[] {
  const own = spec.tolerations ?? [];
  const same = (a: Toleration, b: Toleration) => a.key === b.key && a.effect === b.effect && a.operator === b.operator;
  return [...own, ...daemonTolerations(spec).filter((toleration) => !own.some((mine) => same(mine, toleration)))];
}

/** Binds a pod to a node by affinity, so that the scheduler still has its say on room. */
export function bindToNode(pod: Pod, nodeName: string): void {
  if (pod.spec === undefined) return;
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] };
  const affinity = pod.spec.affinity ?? {};
  const old = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  // The user's terms stay, each for this node only.
  const nodeSelectorTerms = old?.map((each) => ({ ...each, ...term })) ?? [term];
  const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  pod.spec.affinity = { ...affinity, nodeAffinity: { ...affinity.nodeAffinity, ...required } };
  pod.spec.tolerations = withDaemonTolerations(pod.spec);
}

/** Whether a node should get a pod, and whether one that has it may keep it. */
export function nodeWants(set: DaemonSet, node: Node): { shouldRun: boolean; shouldContinue: boolean } {
  const spec = set.spec?.template.spec;
  if (spec === undefined) return { shouldRun: false, shouldContinue: false };
  if (spec.nodeName && spec.nodeName !== node.metadata?.name) return { shouldRun: false, shouldContinue: false };
  if (!matchesNodeAffinity(spec, node)) return { shouldRun: false, shouldContinue: false };
  const tolerations = withDaemonTolerations(spec);
  const tolerated = (effect: string) => untoleratedTaint(node.spec?.taints, tolerations, [effect]) === undefined;
  const shouldContinue = tolerated("NoExecute");
  return { shouldRun: shouldContinue && tolerated("NoSchedule"), shouldContinue };
}
