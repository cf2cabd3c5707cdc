import { maxNodeScore, type Plugin } from "../framework/plugin.ts";
import { amountsOf } from "../framework/resources.ts";
import { skip } from "../framework/status.ts";

/**
 * Prefers nodes whose cpu and memory would be used to a like degree: 1 minus the standard deviation of the two fractions.
 * Pods that request neither are not scored. Source: noderesources/balanced_allocation.go.
 */
export const balancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  preScore(_state, pod) {
    const { requested } = amountsOf(pod);
    return requested.milliCpu === 0 && requested.memory === 0 ? skip : undefined;
  },
  score(_state, pod, node) {
    const { requested } = amountsOf(pod);
    const fractions: number[] = [];
    const add = (used: number, have: number) => {
      if (have > 0) fractions.push(Math.min(used / have, 1));
    };
    add(node.requested.milliCpu + requested.milliCpu, node.allocatable.milliCpu);
    add(node.requested.memory + requested.memory, node.allocatable.memory);
    const [cpu = 0, memory = cpu] = fractions;
    return Math.trunc((1 - Math.abs(cpu - memory) / 2) * maxNodeScore);
  },
  isHelpfulEvent: () => false,
};
