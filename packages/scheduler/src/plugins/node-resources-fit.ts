import { deepEqual } from "@kubets/apimachinery";
import type { NodeInfo } from "../framework/node-info.ts";
import { maxNodeScore, type Plugin } from "../framework/plugin.ts";
import { amountsOf, type Resources } from "../framework/resources.ts";
import { type SchedulingStatus, unresolvable, unschedulable } from "../framework/status.ts";

/** Filter: what the pod requests is free. Score: LeastAllocated over cpu and memory, weight 1 each. */
export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  filter(_state, pod, node) {
    return insufficiency(amountsOf(pod).requested, node);
  },
  score(_state, pod, node) {
    const { nonZero } = amountsOf(pod);
    return leastAllocated(node, nonZero);
  },
  isHelpfulEvent(event, pod) {
    switch (event.kind) {
      case "AssignedPodDelete":
        return true;
      case "AssignedPodUpdate":
        return !deepEqual(amountsOf(event.old).requested, amountsOf(event.pod).requested);
      case "NodeAdd":
        return true;
      case "NodeUpdate":
        return !deepEqual(event.old.status?.allocatable, event.node.status?.allocatable);
      case "PodUpdate":
        return !deepEqual(amountsOf(event.old).requested, amountsOf(pod).requested);
      default:
        return false;
    }
  },
};

/** Every resource of which too little is free; not even an empty node would do when the request exceeds what is allocatable. */
function insufficiency(wanted: Resources, node: NodeInfo): SchedulingStatus | undefined {
  const { allocatable, requested, pods } = node;
  const short: string[] = [];
  let hopeless = false;
  const check = (name: string, want: number, have: number, used: number) => {
    if (want === 0 || want <= have - used) return;
    short.push(`Insufficient ${name}`);
    if (want > have) hopeless = true;
  };
  if (pods.size + 1 > allocatable.pods) short.push("Too many pods");
  check("cpu", wanted.milliCpu, allocatable.milliCpu, requested.milliCpu);
  check("memory", wanted.memory, allocatable.memory, requested.memory);
  check("ephemeral-storage", wanted.ephemeralStorage, allocatable.ephemeralStorage, requested.ephemeralStorage);
  for (const name in wanted.scalar)
    check(name, wanted.scalar[name] as number, allocatable.scalar[name] ?? 0, requested.scalar[name] ?? 0);
  if (short.length === 0) return undefined;
  return hopeless ? unresolvable(...short) : unschedulable(...short);
}

function leastAllocated(node: NodeInfo, pod: { milliCpu: number; memory: number }): number {
  const share = (used: number, have: number) =>
    have === 0 || used > have ? 0 : Math.trunc(((have - used) * maxNodeScore) / have);
  const { allocatable, nonZero } = node;
  const scores: number[] = [];
  if (allocatable.milliCpu > 0) scores.push(share(nonZero.milliCpu + pod.milliCpu, allocatable.milliCpu));
  if (allocatable.memory > 0) scores.push(share(nonZero.memory + pod.memory, allocatable.memory));
  return scores.length === 0 ? 0 : Math.trunc(scores.reduce((a, b) => a + b, 0) / scores.length);
}
