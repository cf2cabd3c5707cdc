/** Runs a profile's plugins over a pod and the nodes. Pure but for what plugins keep in the cycle's state. */

import type { Pod } from "@kubets/api";
import type { NodeInfo } from "./node-info.ts";
import type { CycleState, Plugin, WeightedPlugin } from "./plugin.ts";
import { isRejection, type Result, type SchedulingStatus } from "./status.ts";

/** Why no node would do. */
export interface Diagnosis {
  readonly totalNodes: number;
  /** How many nodes gave each reason. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly rejectedBy: ReadonlySet<Plugin>;
  /** One reason for all nodes alike, from PreFilter. */
  readonly preFilter?: string;
}

export type Choice = { readonly node: NodeInfo; readonly state: CycleState } | { readonly diagnosis: Diagnosis };

/** @see Plugin for the points at which plugins are asked, and in what order */
export class Framework {
  readonly plugins: readonly Plugin[];
  readonly #weighted: readonly WeightedPlugin[];
  readonly #random: () => number;
  /** Where the next search begins, so that every node gets its turn when not all are looked at. */
  #nextStart = 0;

  constructor(plugins: readonly WeightedPlugin[], random: () => number) {
    this.#weighted = plugins;
    this.plugins = plugins.map((p) => p.plugin);
    this.#random = random;
  }

  /** The best node for a pod among those that fit. */
  choose(pod: Pod, nodes: readonly NodeInfo[]): Choice {
    const state: CycleState = new Map();
    const search = this.#preFilter(state, pod, nodes);
    if ("diagnosis" in search) return search;
    const { feasible, diagnosis } = this.#filter(state, pod, search.nodes, search.filters, nodes.length);
    if (feasible.length === 0) return { diagnosis };
    const node = feasible.length === 1 ? (feasible[0] as NodeInfo) : this.#best(state, pod, feasible);
    return { node, state };
  }

  #preFilter(
    state: CycleState,
    pod: Pod,
    nodes: readonly NodeInfo[],
  ): { nodes: readonly NodeInfo[]; filters: readonly Plugin[] } | { diagnosis: Diagnosis } {
    const filters: Plugin[] = [];
    let names: ReadonlySet<string> | undefined;
    for (const plugin of this.plugins) {
      const result = plugin.preFilter?.(state, pod, nodes);
      if (result !== undefined && "nodeNames" in result) {
        const narrowed: ReadonlySet<string> =
          names === undefined ? result.nodeNames : names.intersection(result.nodeNames);
        names = narrowed;
      } else if (isRejection(result)) {
        return { diagnosis: diagnose(nodes.length, new Map(), new Set([plugin]), result.reasons.join(", ")) };
      }
      const skipped = result !== undefined && "code" in result && result.code === "Skip";
      if (plugin.filter !== undefined && !skipped) filters.push(plugin);
    }
    const wanted = names;
    return { nodes: wanted === undefined ? nodes : nodes.filter((n) => wanted.has(n.name)), filters };
  }

  #filter(state: CycleState, pod: Pod, nodes: readonly NodeInfo[], filters: readonly Plugin[], totalNodes: number) {
    const enough = feasibleNodesToFind(nodes.length);
    const feasible: NodeInfo[] = [];
    const reasons = new Map<string, number>();
    const rejectedBy = new Set<Plugin>();
    const count = (reason: string, by: number) => reasons.set(reason, (reasons.get(reason) ?? 0) + by);
    let looked = 0;
    for (; looked < nodes.length && feasible.length < enough; looked++) {
      const node = nodes[(this.#nextStart + looked) % nodes.length] as NodeInfo;
      const refusal = firstRefusal(filters, state, pod, node);
      if (refusal === undefined) feasible.push(node);
      else {
        rejectedBy.add(refusal.plugin);
        for (const reason of refusal.status.reasons) count(reason, 1);
      }
    }
    if (nodes.length > 0) this.#nextStart = (this.#nextStart + looked) % nodes.length;
    const left = totalNodes - nodes.length;
    if (left > 0) {
      count("node(s) didn't satisfy plugin(s) [NodeAffinity]", left);
      for (const plugin of this.plugins) if (plugin.name === "NodeAffinity") rejectedBy.add(plugin);
    }
    return { feasible, diagnosis: diagnose(totalNodes, reasons, rejectedBy) };
  }

  /** The node with the highest weighted sum; among equals, one by chance. */
  #best(state: CycleState, pod: Pod, nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Array<number>(nodes.length).fill(0);
    for (const { plugin, weight } of this.#weighted) {
      const skipped = plugin.preScore?.(state, pod, nodes)?.code === "Skip";
      if (plugin.score === undefined || skipped) continue;
      const scores = nodes.map((node) => plugin.score?.(state, pod, node) ?? 0);
      plugin.normalizeScores?.(state, pod, scores);
      for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    let best = 0;
    let equals = 1;
    for (let i = 1; i < totals.length; i++) {
      const difference = (totals[i] as number) - (totals[best] as number);
      if (difference > 0) {
        best = i;
        equals = 1;
      } else if (difference === 0 && this.#random() * ++equals < 1) best = i;
    }
    return nodes[best] as NodeInfo;
  }

  /** Runs Reserve; on a refusal takes back what was reserved. */
  reserve(state: CycleState, pod: Pod, nodeName: string): Result {
    for (const plugin of this.plugins) {
      const status = plugin.reserve?.(state, pod, nodeName);
      if (isRejection(status)) {
        this.unreserve(state, pod, nodeName);
        return { ...status, plugin: plugin.name };
      }
    }
    return undefined;
  }

  unreserve(state: CycleState, pod: Pod, nodeName: string): void {
    for (const plugin of [...this.plugins].reverse()) plugin.unreserve?.(state, pod, nodeName);
  }

  /** Permit, then PreBind. */
  async prepareToBind(state: CycleState, pod: Pod, nodeName: string, signal: AbortSignal): Promise<Result> {
    for (const point of ["permit", "preBind"] as const)
      for (const plugin of this.plugins) {
        const status = await plugin[point]?.(state, pod, nodeName, signal);
        if (isRejection(status)) return { ...status, plugin: plugin.name };
      }
    return undefined;
  }
}

function firstRefusal(filters: readonly Plugin[], state: CycleState, pod: Pod, node: NodeInfo) {
  for (const plugin of filters) {
    const status: SchedulingStatus | undefined = plugin.filter?.(state, pod, node);
    if (status !== undefined) return { plugin, status };
  }
  return undefined;
}

function diagnose(
  totalNodes: number,
  reasons: ReadonlyMap<string, number>,
  rejectedBy: ReadonlySet<Plugin>,
  preFilter?: string,
): Diagnosis {
  return { totalNodes, reasons, rejectedBy, ...(preFilter === undefined ? {} : { preFilter }) };
}

/** All below 100 nodes; above, a share that falls from 50 % to 5 %, at least 100. Source: schedule_one.go numFeasibleNodesToFind. */
export function feasibleNodesToFind(nodes: number): number {
  const least = 100;
  if (nodes < least) return nodes;
  const percentage = Math.max(50 - Math.trunc(nodes / 125), 5);
  return Math.max(Math.trunc((nodes * percentage) / 100), least);
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function diagnosisMessage({ totalNodes, reasons, preFilter }: Diagnosis): string {
  if (totalNodes === 0) return "no nodes available to schedule pods";
  const head = `0/${totalNodes} nodes are available`;
  if (preFilter !== undefined) return `${head}: ${preFilter}.`;
  const histogram = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return histogram.length === 0 ? `${head}.` : `${head}: ${histogram.join(", ")}.`;
}
