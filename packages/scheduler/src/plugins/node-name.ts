import type { Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";

/** A pod that names its node fits there only. */
export const nodeName: Plugin = {
  name: "NodeName",
  filter(_state, pod, node) {
    const wanted = pod.spec?.nodeName;
    if (!wanted || wanted === node.name) return undefined;
    return unresolvable("node(s) didn't match the requested node name");
  },
  isHelpfulEvent: (event, pod) => event.kind === "NodeAdd" && event.node.metadata?.name === pod.spec?.nodeName,
};
