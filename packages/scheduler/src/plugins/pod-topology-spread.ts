import { controllerOf, type NodeInfo } from "../framework/node-info.ts";
import { maxNodeScore, type Plugin } from "../framework/plugin.ts";
import { skip } from "../framework/status.ts";

const hostname = "kubernetes.io/hostname";
const zone = "topology.kubernetes.io/zone";

/** Upstream's system default constraints, both ScheduleAnyway. */
const constraints = [
  { topologyKey: hostname, maxSkew: 3 },
  { topologyKey: zone, maxSkew: 5 },
] as const;

interface Counted {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** What a pod more in a domain weighs: the more domains, the more. */
  readonly weight: number;
  /** The pods of the same controller in each domain. */
  readonly pods: ReadonlyMap<string, number>;
}

const stateKey = "PodTopologySpread";

/**
 * Spreads a controller's pods over nodes and zones by preference, as upstream's default constraints do.
 * Source: podtopologyspread/scoring.go. The constraints that pods give themselves are not looked at yet.
 */
export const podTopologySpread: Plugin = {
  name: "PodTopologySpread",
  preScore(state, pod, nodes) {
    const controller = controllerOf(pod);
    if (controller === undefined || (pod.spec?.topologySpreadConstraints ?? []).length > 0) return skip;
    state.set(
      stateKey,
      constraints.map(({ topologyKey, maxSkew }): Counted => {
        const pods = countByDomain(nodes, topologyKey, controller);
        return { topologyKey, maxSkew, weight: Math.log(pods.size + 2), pods };
      }),
    );
    return undefined;
  },
  score(state, _pod, node) {
    let score = 0;
    for (const { topologyKey, maxSkew, weight, pods } of state.get(stateKey) as readonly Counted[]) {
      const domain = domainOf(node, topologyKey);
      if (domain !== undefined) score += (pods.get(domain) ?? 0) * weight + (maxSkew - 1);
    }
    return Math.round(score);
  },
  normalizeScores(_state, _pod, scores) {
    const most = Math.max(...scores);
    const least = Math.min(...scores);
    for (let i = 0; i < scores.length; i++)
      scores[i] =
        most === 0 ? maxNodeScore : Math.trunc((maxNodeScore * (most + least - (scores[i] as number))) / most);
  },
  isHelpfulEvent: () => false,
};

function domainOf({ name, node }: NodeInfo, topologyKey: string): string | undefined {
  return node?.metadata?.labels?.[topologyKey] ?? (topologyKey === hostname ? name : undefined);
}

function countByDomain(nodes: readonly NodeInfo[], topologyKey: string, controller: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const domain = domainOf(node, topologyKey);
    if (domain === undefined) continue;
    counts.set(domain, (counts.get(domain) ?? 0) + (node.podsByController.get(controller) ?? 0));
  }
  return counts;
}
