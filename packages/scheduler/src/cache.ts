/** What the scheduler knows of nodes and the pods on them, its own decisions included before the API has confirmed them ("assumed" pods). */

import type { Node, Pod } from "@kubets/api";
import { keyOf } from "@kubets/apimachinery";
import { NodeInfo } from "./framework/node-info.ts";

/** An assumed pod counts on its node until it is confirmed or forgotten. */
export class SchedulerCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pod key to the node it counts on, and the pod as counted. */
  readonly #placed = new Map<string, { node: string; pod: Pod; assumed: boolean }>();
  #present: NodeInfo[] | undefined;

  /** The nodes that exist, in the order they came. */
  nodes(): readonly NodeInfo[] {
    this.#present ??= [...this.#nodes.values()].filter((info) => info.node !== undefined);
    return this.#present;
  }

  get(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata?.name ?? "");
    if (info.node === undefined) this.#present = undefined;
    info.setNode(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (info === undefined) return;
    info.setNode(undefined);
    this.#present = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  /** Counts the pod on the node before it is bound. */
  assume(pod: Pod, nodeName: string): void {
    this.#place(pod, nodeName, true);
  }

  /** Takes an assumption back; a pod that was confirmed meanwhile stays. */
  forget(pod: Pod): void {
    if (this.#placed.get(keyOf(pod))?.assumed) this.#unplace(keyOf(pod));
  }

  isAssumed(pod: Pod): boolean {
    return this.#placed.get(keyOf(pod))?.assumed ?? false;
  }

  /** A bound pod, as the API has it; confirms an assumption, or corrects it. */
  setPod(pod: Pod): void {
    this.#place(pod, pod.spec?.nodeName ?? "", false);
  }

  removePod(pod: Pod): void {
    this.#unplace(keyOf(pod));
  }

  #place(pod: Pod, nodeName: string, assumed: boolean): void {
    const key = keyOf(pod);
    this.#unplace(key);
    this.#info(nodeName).addPod(pod);
    this.#placed.set(key, { node: nodeName, pod, assumed });
  }

  #unplace(key: string): void {
    const placed = this.#placed.get(key);
    if (placed === undefined) return;
    this.#placed.delete(key);
    const info = this.#nodes.get(placed.node);
    info?.removePod(placed.pod);
    if (info?.node === undefined && info?.pods.size === 0) this.#nodes.delete(placed.node);
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (info === undefined) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }
}
