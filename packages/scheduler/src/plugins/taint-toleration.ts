import { type Toleration, tolerates, untoleratedTaint } from "@kubets/api";
import { deepEqual } from "@kubets/apimachinery";
import { defaultNormalizeScores, type Plugin } from "../framework/plugin.ts";
import { unresolvable } from "../framework/status.ts";

const hard = ["NoSchedule", "NoExecute"];
const preferenceKey = "TaintToleration";

/** Filter: taints that the pod does not tolerate. Score: fewer PreferNoSchedule taints that it does not tolerate. */
export const taintToleration: Plugin = {
  name: "TaintToleration",
  filter(_state, pod, node) {
    const taint = untoleratedTaint(node.node?.spec?.taints, pod.spec?.tolerations, hard);
    if (taint === undefined) return undefined;
    return unresolvable(`node(s) had untolerated taint(s)`);
  },
  preScore(state, pod) {
    const soft = (pod.spec?.tolerations ?? []).filter((t) => !t.effect || t.effect === "PreferNoSchedule");
    state.set(preferenceKey, soft);
    return undefined;
  },
  score(state, _pod, node) {
    const tolerations = state.get(preferenceKey) as readonly Toleration[];
    const taints = node.node?.spec?.taints ?? [];
    return taints.filter(
      (t) => t.effect === "PreferNoSchedule" && !tolerations.some((toleration) => tolerates(toleration, t)),
    ).length;
  },
  normalizeScores(_state, _pod, scores) {
    defaultNormalizeScores(scores, true);
  },
  isHelpfulEvent(event, pod) {
    switch (event.kind) {
      case "NodeAdd":
        return untoleratedTaint(event.node.spec?.taints, pod.spec?.tolerations, hard) === undefined;
      case "NodeUpdate":
        return (
          !deepEqual(event.old.spec?.taints, event.node.spec?.taints) &&
          untoleratedTaint(event.node.spec?.taints, pod.spec?.tolerations, hard) === undefined
        );
      case "PodUpdate":
        return !deepEqual(event.old.spec?.tolerations, event.pod.spec?.tolerations);
      default:
        return false;
    }
  },
};
