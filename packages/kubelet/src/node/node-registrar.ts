/** Registers the node and keeps its status: at once when something changed, every few minutes when nothing did. */

import type { Node, NodeStatus } from "@kubets/api";
import { nodes } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { deepEqual, formatTime, isAlreadyExists, isNotFound } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import type { NodeHealth } from "./conditions.ts";
import { nodeConditions } from "./conditions.ts";
import type { NodeInput } from "./node-object.ts";
import { nodeLabels, nodeObject, nodeStatus } from "./node-object.ts";

export interface NodeRegistrarOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an unchanged status may go unreported. */
  readonly reportEveryMs: number;
  /** A status was written: what it changed is told here. */
  onReported(old: NodeStatus, status: NodeStatus): void;
}

export class NodeRegistrar {
  readonly #options: NodeRegistrarOptions;
  #node: Node | undefined;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: NodeRegistrarOptions) {
    this.#options = options;
  }

  /** As the API last gave it; undefined before the first report. */
  get node(): Node | undefined {
    return this.#node;
  }

  /** Writes what is new. @throws what the API answered */
  async report(input: NodeInput, health: NodeHealth, signal: AbortSignal): Promise<void> {
    const { clock, onReported } = this.#options;
    const before = this.#node ?? (await this.#existing(input, signal));
    const old = before?.status ?? {};
    const status: NodeStatus = {
      ...nodeStatus(input),
      conditions: nodeConditions(health, old.conditions ?? [], formatTime(clock.now())),
    };
    if (before === undefined) this.#node = await this.#create(input, status, signal);
    else {
      const due = clock.monotonic() - this.#reportedAt >= this.#options.reportEveryMs;
      if (!due && this.#node !== undefined && sameButHeartbeat(old, status)) return;
      this.#node = await this.#patch(before, status, signal);
    }
    this.#reportedAt = clock.monotonic();
    onReported(old, status);
  }

  /** Reads what others may have changed of a node that is registered: its labels. @throws what the API answered */
  async refresh(signal: AbortSignal): Promise<void> {
    const name = this.#node?.metadata?.name;
    if (name !== undefined) this.#node = await this.#options.client.resource(nodes).get(name, { signal });
  }

  /** The API's node has changed under us: a label, a pod CIDR, its deletion. */
  forget(): void {
    this.#node = undefined;
  }

  async #existing(input: NodeInput, signal: AbortSignal): Promise<Node | undefined> {
    const api = this.#options.client.resource(nodes);
    try {
      const node = await api.get(input.nodeName, { signal });
      const wanted = nodeLabels(input);
      const missing = Object.entries(wanted).filter(([key, value]) => node.metadata?.labels?.[key] !== value);
      if (missing.length === 0) return node;
      const patch = { metadata: { labels: Object.fromEntries(missing) } };
      return await api.patch(input.nodeName, "application/strategic-merge-patch+json", patch, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #create(input: NodeInput, status: NodeStatus, signal: AbortSignal): Promise<Node> {
    const api = this.#options.client.resource(nodes);
    try {
      const created = await api.create(nodeObject(input, status), { signal });
      // A server that clears the status of new nodes gets it once more.
      if (created.status?.conditions !== undefined) return created;
      return await this.#patch(created, status, signal);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return this.#patch(await api.get(input.nodeName, { signal }), status, signal);
    }
  }

  async #patch(before: Node, status: NodeStatus, signal: AbortSignal): Promise<Node> {
    const old = (before.status ?? {}) as Record<string, unknown>;
    const changed: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(status)) {
      if (key === "conditions" || !deepEqual(old[key], value)) changed[key] = value;
    }
    // Addresses would be merged by type; there may be two of one type.
    if (Array.isArray(changed["addresses"]) && old["addresses"] !== undefined) {
      changed["addresses"] = [...changed["addresses"], { $patch: "replace" }];
    }
    const options = { subresource: "status", signal };
    const api = this.#options.client.resource(nodes);
    const name = before.metadata?.name ?? "";
    try {
      return await api.patch(name, "application/strategic-merge-patch+json", { status: changed }, options);
    } catch (error) {
      // Deleted: the next report registers it again.
      if (isNotFound(error)) this.#node = undefined;
      throw error;
    }
  }
}

function sameButHeartbeat(old: NodeStatus, status: NodeStatus): boolean {
  const bare = ({ conditions, ...rest }: NodeStatus) => ({
    ...rest,
    conditions: (conditions ?? []).map(({ lastHeartbeatTime: _, ...condition }) => condition),
  });
  const wanted = bare(status);
  const had = bare(old) as Record<string, unknown>;
  const own = Object.keys(wanted).filter((key) => key !== "conditions");
  const types = wanted.conditions.map((c) => c.type);
  const reported = (had["conditions"] as { type: string }[]).filter((c) => types.includes(c.type));
  return (
    own.every((key) => deepEqual(had[key], (wanted as Record<string, unknown>)[key])) &&
    deepEqual(reported, wanted.conditions)
  );
}
