/** The API server's life: it listens, brings into being what must be there first, serves, and ends. Its parts are put together in `server/parts.ts`. */

import type { Socket } from "node:net";
import { aborted, type Component, type Health, type WorkQueueMeter } from "@kubets/apimachinery";
import type { UserInfo } from "./authentication/authenticator.ts";
import type { CustomResources } from "./custom-resources/custom-resources.ts";
import { workQueueMeter } from "./metrics/queue-metrics.ts";
import type { ServerRequest } from "./request/request.ts";
import type { ServerContext } from "./server/context.ts";
import { HttpsFront } from "./server/front.ts";
import { withHttpPolicy } from "./server/http-policy.ts";
import { type InProcessTransport, inProcessTransport } from "./server/in-process.ts";
import type { ApiServerOptions, ListenOptions } from "./server/options.ts";
import { type ServerParts, serverParts } from "./server/parts.ts";
import type { HttpResponse } from "./server/render.ts";
import type { ResourceTable } from "./server/resource-table.ts";
import { followTls } from "./server/serving-tls.ts";
import { ServerState } from "./server/state.ts";
import { type BootstrapOptions, besideOthers, bootstrap, keepPublished } from "./services/bootstrap.ts";
import { apiServerIdentity } from "./services/default-objects.ts";
import { defaultEventTtlMs, expireEvents } from "./services/event-expiry.ts";
import { bootstrapOptions } from "./services/publication.ts";

/** Serves by sockets, where it is told to listen, and by `transport` and `handle` in this process, from its construction on. */
export class ApiServer implements Component {
  readonly name = "kube-apiserver";
  readonly #options: ApiServerOptions;
  readonly #state = new ServerState();
  readonly #parts: ServerParts;
  #front: HttpsFront | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#parts = serverParts(options, this.#state);
  }

  get ready(): Promise<void> {
    return this.#state.ready;
  }

  get context(): ServerContext {
    return this.#parts.context;
  }

  get resources(): ResourceTable {
    return this.#parts.context.resources;
  }

  get customResources(): CustomResources {
    return this.#parts.customResources;
  }

  /** Whether another server answers for what is below a path. */
  aggregates(path: string): boolean {
    return this.#options.aggregator?.answersFor(path) === true;
  }

  /** The port that is listened on, once ready. */
  get port(): number | undefined {
    return this.#state.port;
  }

  /** Serves a connection that came in at another address than the one listened on. */
  accept(socket: Socket): void {
    if (this.#front === undefined) socket.destroy();
    else this.#front.accept(socket);
  }

  /** The whole chain, without a socket. Never rejects. */
  handle(request: ServerRequest): Promise<HttpResponse> {
    return this.#parts.handler.handle(request);
  }

  /** A transport of this process: requests enter the chain as `user`, past authentication. */
  transport(user: UserInfo, userAgent = user.name): InProcessTransport {
    const { handler, context, metrics } = this.#parts;
    const meters = { meterOf: metrics.inProcess, clock: context.clock };
    return inProcessTransport(handler, user, userAgent, this.#state.stopped, meters);
  }

  /** Of a work queue whose keys are worked on beside the server; under upstream's name of the queue. */
  queueMeter(name: string): WorkQueueMeter {
    return workQueueMeter(this.#parts.metrics.registry, name);
  }

  healthz(): Health {
    return this.#state.isReady ? { ok: true } : { ok: false, reason: "the API server is not serving" };
  }

  async start(signal: AbortSignal): Promise<void> {
    const stop = () => void this.#stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const { listen } = this.#options;
    const { stopped } = this.#state;
    this.#state.nowBeginning();
    try {
      if (listen !== undefined) await this.#listen(listen);
      const work = await this.#begin();
      this.#state.nowReady();
      const failed = Promise.all(work).then(() => aborted(stopped));
      await Promise.race([aborted(stopped), failed]);
      await Promise.allSettled(work);
    } finally {
      signal.removeEventListener("abort", stop);
      await this.#close();
    }
  }

  async #listen(listen: ListenOptions): Promise<void> {
    const { context, metrics } = this.#parts;
    const { clock, logger, random } = context;
    const front = new HttpsFront({
      ...listen,
      clock,
      logger,
      random,
      forwards: (path) => this.aggregates(path),
      onTimeout: (request, info) => metrics.requests.terminated(request, info, 504),
      onHandshakeError: () => metrics.countHandshakeError(),
      handle: await withHttpPolicy((request) => this.handle(request), listen),
    });
    this.#front = front;
    this.#state.port = await front.listen();
    followTls(listen.tls, (tls) => front.replaceTls(tls), { clock, logger }, this.#state.stopped);
  }

  /** Brings into being what must be there first, in order. @returns what goes on until the server is stopped */
  async #begin(): Promise<Promise<void>[]> {
    const { aggregator, background = [], bootstrap: tasks = [], tracer } = this.#options;
    const { eventTtlMs = defaultEventTtlMs } = this.#options;
    const { context, customResources, allocation } = this.#parts;
    const { clock } = context;
    const { stopped } = this.#state;
    const defaults = this.#defaultObjects();
    if (defaults !== undefined) await bootstrap(defaults, stopped);
    for (const task of tasks) await besideOthers(clock, stopped, () => task(this, stopped));
    await customResources.start(stopped);
    const aggregated = { resources: this.resources, transport: this.#ownTransport() };
    if (aggregator !== undefined) await besideOthers(clock, stopped, () => aggregator.bootstrap(aggregated));
    this.#state.nowComplete();
    const work = background.map((task) => task(this, stopped));
    if (tracer !== undefined) work.push(tracer.run(stopped));
    if (aggregator !== undefined) work.push(aggregator.run(aggregated, stopped));
    work.push(expireEvents(context, eventTtlMs, stopped));
    if (defaults !== undefined) work.push(keepPublished(defaults, stopped));
    if (allocation !== undefined) work.push(allocation.keepRepaired(stopped));
    return work;
  }

  #defaultObjects(): BootstrapOptions | undefined {
    const { context, allocation } = this.#parts;
    return bootstrapOptions(this.#options, {
      transport: this.#ownTransport(),
      port: this.#state.port,
      clusterIP: allocation?.firstAddress,
      clock: context.clock,
      logger: context.logger,
    });
  }

  #ownTransport(): InProcessTransport {
    return this.transport(apiServerIdentity, "kube-apiserver");
  }

  /** Not ready from now on; load balancers have the delay to notice. */
  async #stop(): Promise<void> {
    this.#state.nowStopping();
    const { shutdownDelayMs = 0 } = this.#options;
    const { stopped } = this.#state;
    // Rejects when the server ended by itself meanwhile.
    if (shutdownDelayMs > 0) await this.context.clock.sleep(shutdownDelayMs, stopped).catch(() => {});
    this.#state.nowStopped();
  }

  async #close(): Promise<void> {
    this.#state.nowEnded();
    // Watches that are given time to end need what they watch.
    if (!this.#options.listen?.watchGraceMs) this.resources.close();
    await this.#front?.close();
    this.resources.close();
    await this.#options.auditing?.close();
  }
}
