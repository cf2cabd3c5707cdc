/**
 * Leads packets to pods and Services over a machine that carries nodes: each node's pod range by way of that node, and the Service range by way
 * of the nodes that can answer for it. Works from the Nodes it sees; a route is written only when it should differ from the last one written.
 */

import { isNodeReady, type Node, nodes } from "@kubets/api";
import {
  ChangeSet,
  type Clock,
  type Component,
  type Health,
  type Logger,
  messageOf,
  realClock,
  silentLogger,
} from "@kubets/apimachinery";
import type { InformerFactory } from "@kubets/client";

/** The machine's routing table, as far as the cluster has a say in it. All calls replace what was there. */
export interface RouteTable {
  routePods(podCIDR: string, nodeName: string): Promise<void>;
  /** An empty list takes the Service route away. */
  routeServices(nodeNames: readonly string[]): Promise<void>;
}

export interface NodeRoutesOptions {
  readonly informers: InformerFactory;
  readonly routes: RouteTable;
  /** The nodes on this machine. Others are reached by other means. */
  readonly localNodes: readonly string[];
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const retryMs = 1_000;

/** Ready when the routes to all nodes that are known are written. */
export class NodeRoutes implements Component {
  readonly name = "node-routes";
  readonly #options: NodeRoutesOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ready = Promise.withResolvers<void>();
  readonly #written = new Map<string, string>();
  readonly #changes = new ChangeSet();
  #health: Health = { ok: false, reason: "routes are not written yet" };

  constructor(options: NodeRoutesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const informer = this.#options.informers.informer(nodes);
    const local = new Set(this.#options.localNodes);
    const mark = (node: Node) => {
      if (!local.has(node.metadata?.name ?? "")) return;
      this.#changes.mark();
    };
    const remove = informer.addHandler({ add: mark, update: (_old, node) => mark(node), delete: mark });
    try {
      await informer.synced(signal);
      this.#changes.mark();
      for (;;) {
        await this.#changes.take(signal);
        const present = this.#options.localNodes.flatMap((name) => informer.lister.get(undefined, name) ?? []);
        await this.#write(present, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      remove();
    }
  }

  async #write(present: readonly Node[], signal: AbortSignal): Promise<void> {
    try {
      for (const node of present)
        for (const cidr of node.spec?.podCIDRs ?? [])
          await this.#once(cidr, node.metadata?.name ?? "", (name) => this.#options.routes.routePods(cidr, name));
      const serving = present.filter(isNodeReady).map((node) => node.metadata?.name ?? "");
      // A node that is not ready may still route; with none ready, the last ones are a better guess than nowhere.
      if (serving.length > 0)
        await this.#once("services", serving.join(" "), () => this.#options.routes.routeServices(serving));
      this.#health = { ok: true };
      this.#ready.resolve();
    } catch (err) {
      this.#health = { ok: false, reason: messageOf(err) };
      this.#logger.error("Could not write routes; trying again", { err, retryMs });
      await this.#clock.sleep(retryMs, signal);
      this.#changes.mark();
    }
  }

  async #once(what: string, value: string, write: (value: string) => Promise<void>): Promise<void> {
    if (this.#written.get(what) === value) return;
    await write(value);
    this.#written.set(what, value);
  }
}
