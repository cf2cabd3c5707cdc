/** How badly a zone is off: when most nodes fail at once it is the network or the control plane, and moving pods would make it worse. Pure. */

import type { Node } from "@kubets/api";
import { readyStatus } from "./node-taints.ts";

export type ZoneState = "Normal" | "PartialDisruption" | "FullDisruption";

const unhealthyThreshold = 0.55;
const largeZone = 50;
/** Nodes a second that lose their pods. */
const evictionRate = 0.1;
const secondaryEvictionRate = 0.01;

export function zoneOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  return `${labels["topology.kubernetes.io/region"] ?? ""}/${labels["topology.kubernetes.io/zone"] ?? ""}`;
}

export interface Disruption {
  readonly states: ReadonlyMap<string, ZoneState>;
  /** No node anywhere is ready: nothing is evicted. */
  readonly everywhere: boolean;
  /** Between two nodes of a zone that lose their pods; Infinity for never. */
  evictionIntervalMs(zone: string): number;
}

export function disruptionOf(nodes: readonly Node[]): Disruption {
  const zones = Map.groupBy(nodes, zoneOf);
  const states = new Map([...zones].map(([zone, members]) => [zone, stateOf(members)]));
  const everywhere = states.size > 0 && [...states.values()].every((state) => state === "FullDisruption");
  const evictionIntervalMs = (zone: string): number => {
    if (everywhere) return Number.POSITIVE_INFINITY;
    if (states.get(zone) !== "PartialDisruption") return 1000 / evictionRate;
    return (zones.get(zone)?.length ?? 0) > largeZone ? 1000 / secondaryEvictionRate : Number.POSITIVE_INFINITY;
  };
  return { states, everywhere, evictionIntervalMs };
}

function stateOf(nodes: readonly Node[]): ZoneState {
  const ready = nodes.filter((node) => readyStatus(node) === "True").length;
  const notReady = nodes.length - ready;
  if (ready === 0 && notReady > 0) return "FullDisruption";
  return notReady > 2 && notReady / nodes.length >= unhealthyThreshold ? "PartialDisruption" : "Normal";
}
