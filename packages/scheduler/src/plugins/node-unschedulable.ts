import { type Pod, type Taint, tolerates } from "@kubets/api";
import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";

const taint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/** Keeps pods off cordoned nodes, unless they tolerate the taint that cordoning stands for. */
export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  filter(_state, pod, node) {
    if (!node.node?.spec?.unschedulable || toleratesCordon(pod)) return undefined;
    return unresolvable("node(s) were unschedulable");
  },
  isHelpfulEvent(event, pod) {
    switch (event.kind) {
      case "NodeAdd":
        return !event.node.spec?.unschedulable;
      case "NodeUpdate":
        return Boolean(event.old.spec?.unschedulable) && !event.node.spec?.unschedulable;
      case "PodUpdate":
        return toleratesCordon(pod);
      default:
        return false;
    }
  },
};

function toleratesCordon(pod: Pod): boolean {
  return (pod.spec?.tolerations ?? []).some((t) => tolerates(t, taint));
}
