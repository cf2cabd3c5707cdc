/** All controllers as one component, each acting as its own service account. */

import {
  type Clock,
  type Component,
  type Health,
  type Logger,
  type Random,
  realClock,
  realRandom,
  silentLogger,
  type WorkQueueMeters,
} from "@kubets/apimachinery";
import {
  type Client,
  createEventRecorder,
  createInformerFactory,
  type InformerFactory,
  runLeaderElected,
} from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "./runtime/context.ts";

export interface ControllerManagerOptions {
  /** Reads everything: the informers' client, as `system:kube-controller-manager`. */
  readonly client: Client;
  /** A client that acts as `system:serviceaccount:kube-system:<serviceAccount>`. */
  clientFor(serviceAccount: string): Client;
  readonly controllers: readonly ControllerDefinition[];
  /** Shared with other components of the process where there is one; its owner starts it. Otherwise the manager makes and starts its own. */
  readonly informers?: InformerFactory;
  /** Works only while it holds the lease `kube-controller-manager` in kube-system, under this identity: for several managers of one cluster. */
  readonly leaderElection?: { readonly identity: string };
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /** For the metrics of the controllers' queues. */
  readonly meters?: WorkQueueMeters;
}

/** Runs the controllers until the signal aborts. Ready when all caches are full and all controllers work. */
export function controllerManager(options: ControllerManagerOptions): Component {
  return new ControllerManager(options);
}

class ControllerManager implements Component {
  readonly name = "kube-controller-manager";
  readonly #options: ControllerManagerOptions;
  readonly #ready = Promise.withResolvers<void>();
  #health: Health = { ok: false, reason: "the caches are being filled" };

  constructor(options: ControllerManagerOptions) {
    this.#options = options;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { leaderElection, client, clock = realClock, random = realRandom, logger = silentLogger } = this.#options;
    if (leaderElection === undefined) return await this.#work(signal);
    this.#health = { ok: true };
    const lease = { name: this.name, namespace: "kube-system", identity: leaderElection.identity };
    await runLeaderElected({ client, ...lease, clock, random, logger }, (leading) => this.#work(leading), signal);
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { clock = realClock, random = realRandom, logger = silentLogger, client, controllers } = this.#options;
    const stop = new AbortController();
    const running = AbortSignal.any([signal, stop.signal]);
    const own =
      this.#options.informers === undefined ? createInformerFactory(client, { clock, random, logger }) : undefined;
    const informers = this.#options.informers ?? own;
    if (informers === undefined) return;
    try {
      const parts = controllers.map((definition) => definition.create(this.#contextOf(definition, informers, running)));
      own?.start(running);
      await informers.synced(running);
      const runs = parts.map((part) => part.run(running));
      this.#health = { ok: true };
      this.#ready.resolve();
      await Promise.all(runs);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#health = { ok: false, reason: "stopped" };
      stop.abort();
      await own?.stopped();
    }
  }

  #contextOf(definition: ControllerDefinition, informers: InformerFactory, signal: AbortSignal): ControllerContext {
    const { clock = realClock, random = realRandom, logger = silentLogger } = this.#options;
    const account = definition.serviceAccount;
    const client = account === undefined ? this.#options.client : this.#options.clientFor(account);
    const recorder = (component: string) => createEventRecorder({ client, component, signal, clock, random, logger });
    return { client, informers, clock, random, logger, meters: this.#options.meters, recorder };
  }
}
