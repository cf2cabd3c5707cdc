import type { Node, NodeSelector, NodeSelectorTerm, Pod } from "@kubets/api";
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
    return node.node !== undefined && matchesRequired(pod, node.node) ? undefined : unresolvable(unmatched);
  },
  preScore(_state, pod) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return preferred.length === 0 ? skip : undefined;
  },
  score(_state, pod, node) {
    let sum = 0;
    for (const { weight, preference } of pod.spec?.affinity?.nodeAffinity
      ?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      if (weight !== 0 && matchesTerm(preference, node.node as Node)) sum += weight;
    return sum;
  },
  normalizeScores(_state, _pod, scores) {
    defaultNormalizeScores(scores, false);
  },
  isHelpfulEvent(event, pod) {
    switch (event.kind) {
      case "NodeAdd":
        return matchesRequired(pod, event.node);
      case "NodeUpdate":
        return matchesRequired(pod, event.node) && !matchesRequired(pod, event.old);
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

/** Both `nodeSelector` and the required affinity allow the node. */
export function matchesRequired(pod: Pod, node: Node): boolean {
  const labels = node.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = requiredTerms(pod);
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** Terms are or-ed, the requirements of a term and-ed; an empty term matches nothing. */
export function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  return (
    expressions.every((r) => matchesRequirement(r, Object.hasOwn(labels, r.key) ? labels[r.key] : undefined)) &&
    fields.every((r) => matchesRequirement(r, r.key === "metadata.name" ? node.metadata?.name : undefined))
  );
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function matchesRequirement({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
      return integer(actual) > integer(values[0]);
    case "Lt":
      return integer(actual) < integer(values[0]);
    default:
      return false;
  }
}

/** NaN, which compares false with everything, for what is not an integer. */
function integer(text: string | undefined): number {
  return text !== undefined && /^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN;
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
