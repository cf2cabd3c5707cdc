/** Gives the container runtime its pod network as soon as the node has a pod range. */

import { type Node, nodes } from "@kubets/api";
import { aborted, type Component, type Health } from "@kubets/apimachinery";
import type { InformerFactory } from "@kubets/client";
import { type CniConfigOptions, writeCniConfig } from "./cni-config.ts";

export interface CniWriterOptions {
  readonly informers: InformerFactory;
  readonly nodeName: string;
  /** Where the runtime looks. */
  readonly confDir: string;
  readonly network: Omit<CniConfigOptions, "podCIDRs">;
}

/** Ready when the file is written; it writes none again. */
export class CniWriter implements Component {
  readonly name = "cni";
  readonly #options: CniWriterOptions;
  readonly #ready = Promise.withResolvers<void>();
  #health: Health = { ok: false, reason: "the node has no pod CIDR yet" };

  constructor(options: CniWriterOptions) {
    this.#options = options;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  /** A node's pod CIDR is set once and never changes, so the work is done when it is written. */
  async start(signal: AbortSignal): Promise<void> {
    const { informers, nodeName, confDir, network } = this.#options;
    const informer = informers.informer(nodes, { fieldSelector: `metadata.name=${nodeName}` });
    const assigned = Promise.withResolvers<readonly string[]>();
    const look = (node: Node) => {
      if (node.spec?.podCIDRs?.length) assigned.resolve(node.spec.podCIDRs);
    };
    const remove = informer.addHandler({ add: look, update: (_old, node) => look(node) });
    const stopped = aborted(signal);
    try {
      const podCIDRs = await Promise.race([assigned.promise, stopped]);
      if (!podCIDRs) return;
      await writeCniConfig(confDir, { ...network, podCIDRs });
      this.#health = { ok: true };
      this.#ready.resolve();
      await stopped;
    } finally {
      remove();
    }
  }
}
