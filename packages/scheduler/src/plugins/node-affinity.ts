import { matchesNodeAffinity, matchesNodeSelectorTerm, type Node, type NodeSelector, type Pod } from "@kubets/api";
import { defaultNormalizeScores, type Plugin } from "../framework/plugin.ts";
import { skip, unresolvable } from "../framework/status.ts";

const unmatched = "node(s) didn't match Pod's node affinity/selector";

/** `nodeSelector` and required node affinity filter; preferred node affinity scores. */
export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  preFilter(_state, pod) {
    const required = requiredTerms(pod);
    if (required === undefined && pod.spec?.nodeSelector === undefined) return skip;
    const names = namedNodes(required);
    if (names === undefined) return undefined;
    return names.size === 0 ? unresolvable("pod affinity terms conflict") : { nodeNames: names };
  },
  filter(_state, pod, node) {
    return node.node !== undefined && matchesNodeAffinity(pod.spec, node.node) ? undefined : unresolvable(unmatched);
  },
  preScore(_state, pod) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.length === 0 ? skip : undefined;
  },
  score(_state, pod, node) {
    let sum = 0;
    for (const { weight, preference } of pod.spec?.affinity?.nodeAffinity
      ?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      if (weight !== 0 && matchesNodeSelectorTerm(preference, node.node as Node)) sum += weight;
    return sum;
  },
  normalizeScores(_state, _pod, scores) {
    defaultNormalizeScores(scores, false);
  },
  isHelpfulEvent(event, pod) {
    switch (event.kind) {
      case "NodeAdd":
        return matchesNodeAffinity(pod.spec, event.node);
      case "NodeUpdate":
        return matchesNodeAffinity(pod.spec, event.node) && !matchesNodeAffinity(pod.spec, event.old);
      case "PodUpdate":
        return true;
      default:
        return false;
    }
  },
};

function requiredTerms(pod: Pod): NodeSelector | undefined {
  return pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
}

/** The node names that the terms pin by `matchFields`; undefined when some term does not pin any. This is how DaemonSet pods find their node in O(1). */
function namedNodes(required: NodeSelector | undefined): Set<string> | undefined {
  if (required === undefined || required.nodeSelectorTerms.length === 0) return undefined;
  const union = new Set<string>();
  for (const term of required.nodeSelectorTerms) {
    const pins = (term.matchFields ?? []).filter((r) => r.key === "metadata.name" && r.operator === "In");
    if (pins.length === 0) return undefined;
    const [first, ...rest] = pins.map((r) => new Set(r.values ?? []));
    for (const name of first as Set<string>) if (rest.every((other) => other.has(name))) union.add(name);
  }
  return union;
}
