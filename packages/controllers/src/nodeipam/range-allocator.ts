/** Gives every node a range of pod addresses. Behaviour of upstream's range allocator (pkg/controller/nodeipam/ipam). */

import { type Node, nodes } from "@kubets/api";
import { keyOf } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";
import { CidrSet, CidrSetFullError, cidrOf } from "./cidr-set.ts";

export interface RangeAllocatorOptions {
  /** One, or one of each family: `10.244.0.0/16`. */
  readonly clusterCIDRs: readonly string[];
  /** Default 24. */
  readonly nodeCIDRMaskSizeIPv4?: number;
  /** Default 64. */
  readonly nodeCIDRMaskSizeIPv6?: number;
  /** Ranges within the cluster's that nodes must not get: those of services. */
  readonly serviceCIDRs?: readonly string[];
}

class RangeAllocator implements Runnable {
  readonly #context: ControllerContext;
  readonly #nodes: Informer<Node>;
  readonly #sets: readonly CidrSet[];
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;
  /** Ranges given out that the cache may not show yet, by node. */
  readonly #given = new Map<string, readonly string[]>();
  #occupied = false;

  constructor(context: ControllerContext, options: RangeAllocatorOptions) {
    this.#context = context;
    const maskOf = (cidr: string) =>
      cidrOf(cidr).family === 4 ? (options.nodeCIDRMaskSizeIPv4 ?? 24) : (options.nodeCIDRMaskSizeIPv6 ?? 64);
    this.#sets = options.clusterCIDRs.map((cidr) => new CidrSet(cidr, maskOf(cidr)));
    for (const set of this.#sets) for (const cidr of options.serviceCIDRs ?? []) set.occupy(cidr);
    this.#recorder = context.recorder("cidrAllocator");
    this.#nodes = context.informers.informer(nodes);
    this.#controller = new Controller({
      name: "node-ipam-controller",
      queueName: "cidrallocator_node",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      workers: 1,
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
      maxDelayMs: 60_000,
    });
    const enqueue = (node: Node) => this.#controller.enqueue(keyOf(node));
    this.#nodes.addHandler({
      add: enqueue,
      update: (_, node) => {
        if ((node.spec?.podCIDRs ?? []).length === 0) enqueue(node);
      },
      delete: (node) => {
        const ranges = node.spec?.podCIDRs ?? this.#given.get(keyOf(node)) ?? [];
        this.#given.delete(keyOf(node));
        for (const cidr of ranges) for (const set of this.#sets) set.release(cidr);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    this.#occupyKnown();
    const node = this.#nodes.lister.getByKey(key);
    if (node === undefined) return;
    const existing = node.spec?.podCIDRs ?? [];
    if (existing.length > 0) {
      this.#occupy(existing);
      this.#given.delete(key);
      return;
    }
    const ranges = this.#given.get(key) ?? this.#allocate(node);
    this.#given.set(key, ranges);
    const patch = { spec: { podCIDR: ranges[0], podCIDRs: ranges } };
    await this.#context.client.resource(nodes).patch(key, "application/strategic-merge-patch+json", patch, { signal });
  }

  /** Before the first range is given, those in use are known: the caches are full when this runs. */
  #occupyKnown(): void {
    if (this.#occupied) return;
    this.#occupied = true;
    for (const node of this.#nodes.lister.list()) this.#occupy(node.spec?.podCIDRs ?? []);
  }

  #occupy(ranges: readonly string[]): void {
    for (const cidr of ranges) for (const set of this.#sets) set.occupy(cidr);
  }

  #allocate(node: Node): string[] {
    const ranges: string[] = [];
    try {
      for (const set of this.#sets) ranges.push(set.allocate());
    } catch (error) {
      ranges.forEach((cidr, at) => void this.#sets[at]?.release(cidr));
      if (error instanceof CidrSetFullError) {
        const message = `Node ${node.metadata?.name} status is now: CIDRNotAvailable`;
        this.#recorder.event(node, "Normal", "CIDRNotAvailable", message);
      }
      throw error;
    }
    return ranges;
  }
}

/** @throws RangeError, when it is created, for ranges that cannot be split so */
export function nodeIpamController(options: RangeAllocatorOptions): ControllerDefinition {
  return {
    name: "node-ipam-controller",
    serviceAccount: "node-controller",
    create: (context) => new RangeAllocator(context, options),
  };
}
