import type { Plugin } from "../framework/plugin.ts";

/** Keeps pods with scheduling gates out of the queue until their last gate is removed (KEP-3521). */
export const schedulingGates: Plugin = {
  name: "SchedulingGates",
  preEnqueue(pod) {
    const gates = (pod.spec?.schedulingGates ?? []).map((g) => g.name);
    if (gates.length === 0) return undefined;
    return { code: "Pending", reasons: [`waiting for scheduling gates: [${gates.join(" ")}]`] };
  },
  isHelpfulEvent: (event) => event.kind === "PodUpdate",
};
