/** The node's agent: takes the pods that are bound to its node, makes the runtime run them, and reports what became of them. */

import type { Component, Health } from "@kubets/apimachinery";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { type Ground, type KubeletBase, layGround } from "./assembly/ground.ts";
import { type NodeParts, nodeParts } from "./assembly/parts.ts";
import { defaultConfiguration } from "./configuration.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { evictOne } from "./node/eviction.ts";
import { renewLease } from "./node/lease.ts";
import { keepLogsRotated } from "./runtime/rotate-logs.ts";
import { serveNode } from "./server/serve-node.ts";

/** Ready when its node has been reported ready. */
export class Kubelet implements Component {
  readonly name: string;
  readonly #base: KubeletBase;
  readonly #ready = Promise.withResolvers<void>();
  #port: number | undefined;
  #node: NodeParts | undefined;

  constructor(options: KubeletOptions) {
    this.name = `kubelet/${options.nodeName}`;
    this.#base = {
      options,
      configuration: { ...defaultConfiguration, ...options.configuration },
      clock: options.clock ?? realClock,
      random: options.random ?? realRandom,
      logger: (options.logger ?? silentLogger).child({ node: options.nodeName }),
    };
  }

  /** The node has been reported ready. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Of the HTTPS server; undefined before it listens, and without one. */
  get port(): number | undefined {
    return this.#port;
  }

  healthz(): Health {
    if (this.#node === undefined) return { ok: false, reason: "kubelet has not started" };
    const problem = this.#node.keeper.state.runtimeProblem;
    return problem === undefined ? { ok: true } : { ok: false, reason: problem };
  }

  /** Pods go on when it stops: only its own work ends. */
  async start(signal: AbortSignal): Promise<void> {
    const { options, configuration, clock, logger } = this.#base;
    const { client, nodeName } = options;
    const ground = await layGround(this.#base, signal);
    const node = this.#assemble(ground);
    const close = await this.#serve(ground, node);
    ground.events.node(nodeName, "Normal", "Starting", "Starting kubelet.");
    void node.keeper.ready.then(() => this.#ready.resolve());
    const durationSeconds = configuration.nodeLeaseDurationSeconds;
    const lease = { client, clock, logger, nodeName, durationSeconds, node: () => node.keeper.node };
    const work = [
      node.keeper.run(signal),
      renewLease(lease, signal),
      node.pleg.run(signal),
      node.pods.run(signal),
      keepLogsRotated(this.#base, node.pods, ground.cache, signal),
    ];
    try {
      await Promise.all(work);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      node.probes.stop();
      await Promise.allSettled([...work, node.pods.stopped(), node.objects.stop(), close()]);
    }
  }

  #assemble(ground: Ground): NodeParts {
    this.#node = nodeParts(ground, {
      port: () => this.#port,
      onPressure: (pods, crossed) => evictOne(this.#base, pods, ground.events, crossed, ground.signal),
    });
    return this.#node;
  }

  async #serve({ machine, info, cache }: Ground, { pods }: NodeParts): Promise<() => Promise<void>> {
    const { options, configuration, clock, logger } = this.#base;
    const { tls } = options;
    if (tls === undefined || !configuration.enableServer) return () => Promise.resolve();
    const server = await serveNode({
      ...options,
      ...{ tls, clock, logger, configuration, machine, machineInfo: info, cache },
      pods: () => pods.list(),
      problem: () => {
        const health = this.healthz();
        return health.ok ? undefined : health.reason;
      },
    });
    this.#port = server.port;
    return server.close;
  }

  /** For tests and tools: resolves when no pod has work under way. */
  async idle(): Promise<void> {
    await this.#node?.pods.idle();
  }
}
