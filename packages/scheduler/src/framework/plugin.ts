/**
 * The scheduling framework: the points at which plugins decide. One file per plugin in `plugins/`; a profile lists them.
 * Source: the scheduling framework (KEP-624) and k8s.io/kube-scheduler/framework.
 */

import type { Node, Pod } from "@kubets/api";
import type { NodeInfo } from "./node-info.ts";
import type { Result } from "./status.ts";

/** What plugins keep for one pod during one scheduling cycle, by plugin name. */
export type CycleState = Map<string, unknown>;

/** What happened in the cluster, as far as it may let a waiting pod be scheduled. */
export type ClusterEvent =
  | { readonly kind: "NodeAdd"; readonly node: Node }
  | { readonly kind: "NodeUpdate"; readonly node: Node; readonly old: Node }
  /** A bound pod went away, finished, or asks for less. */
  | { readonly kind: "AssignedPodDelete"; readonly pod: Pod }
  | { readonly kind: "AssignedPodAdd"; readonly pod: Pod }
  | { readonly kind: "AssignedPodUpdate"; readonly pod: Pod; readonly old: Pod }
  /** The waiting pod itself was changed. */
  | { readonly kind: "PodUpdate"; readonly pod: Pod; readonly old: Pod };

export interface Plugin {
  /** Upstream's name: `NodeResourcesFit`. */
  readonly name: string;

  /** Before the pod enters the queue: a rejection keeps it out until the pod itself changes. */
  preEnqueue?(pod: Pod): Result;

  /** Once per pod: look at the pod, keep what Filter needs in `state`. Skip turns Filter off for this pod. May narrow the nodes to look at. */
  preFilter?(
    state: CycleState,
    pod: Pod,
    nodes: readonly NodeInfo[],
  ): Result | { readonly nodeNames: ReadonlySet<string> };

  /** Once per pod and node; must be cheap and free of side effects. */
  filter?(state: CycleState, pod: Pod, node: NodeInfo): Result;

  /** Once per pod, with the nodes that passed. Skip turns Score off for this pod. */
  preScore?(state: CycleState, pod: Pod, nodes: readonly NodeInfo[]): Result;

  /** 0 to 100, or any number when there is a `normalizeScores`. */
  score?(state: CycleState, pod: Pod, node: NodeInfo): number;

  /** Brings raw scores into 0 to 100, in place. */
  normalizeScores?(state: CycleState, pod: Pod, scores: number[]): void;

  reserve?(state: CycleState, pod: Pod, nodeName: string): Result;
  unreserve?(state: CycleState, pod: Pod, nodeName: string): void;

  /** May hold the pod: resolves when it may be bound, or says why not. */
  permit?(state: CycleState, pod: Pod, nodeName: string, signal: AbortSignal): Promise<Result> | Result;

  preBind?(state: CycleState, pod: Pod, nodeName: string, signal: AbortSignal): Promise<Result> | Result;

  /**
   * Could this event make a pod schedulable that this plugin turned down? The queueing hint.
   * Without it every event does.
   */
  isHelpfulEvent?(event: ClusterEvent, pod: Pod): boolean;
}

/** What a plugin's score is at most, once it is normalized; at least it is 0. */
export const maxNodeScore = 100;

/** Scales to 0..100 by the highest score; `reverse` makes high raw scores low. Source: framework's DefaultNormalizeScore. */
export function defaultNormalizeScores(scores: number[], reverse: boolean): void {
  const highest = Math.max(0, ...scores);
  for (let i = 0; i < scores.length; i++) {
    const raw = scores[i] as number;
    const scaled = highest === 0 ? 0 : Math.trunc((maxNodeScore * raw) / highest);
    scores[i] = highest === 0 ? (reverse ? maxNodeScore : 0) : reverse ? maxNodeScore - scaled : scaled;
  }
}

export interface WeightedPlugin {
  readonly plugin: Plugin;
  /** Of its score; upstream's defaults are 1 to 3. */
  readonly weight: number;
}
