/** The API server: its parts put together. */

import type { Socket } from "node:net";
import {
  definitions as builtInDefinitions,
  schemaSet as builtInSchemas,
  convertObject,
  findDefinition,
  storedVersion,
} from "@kubets/api";
import {
  aborted,
  type Clock,
  type Component,
  type Health,
  type Logger,
  messageOf,
  type Random,
  realClock,
  realRandom,
  type SchemaSet,
  silentLogger,
} from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import type { UserInfo } from "./authentication/authenticator.ts";
import { crdHooks, crdResource, withCrdChecks } from "./custom-resources/crd-hooks.ts";
import { CustomResources } from "./custom-resources/custom-resources.ts";
import { Discovery } from "./discovery/handler.ts";
import { OpenApi } from "./discovery/openapi.ts";
import { AdmissionMetrics } from "./metrics/admission-metrics.ts";
import { CelMetrics } from "./metrics/cel-metrics.ts";
import { MetricsRegistry } from "./metrics/families.ts";
import { writeMeter } from "./metrics/storage-metrics.ts";
import { AdmissionChain } from "./registry/admission-chain.ts";
import type { RegistryHooks } from "./registry/write-request.ts";
import { type Answer, type ServerRequest, value } from "./request/request.ts";
import { Chain, type ChainOptions, type NonResourceHandler } from "./server/chain.ts";
import type { Call, ServerContext } from "./server/context.ts";
import { methodNotAllowed } from "./server/errors.ts";
import { HttpsFront } from "./server/front.ts";
import { HealthEndpoints } from "./server/health.ts";
import { withHttpPolicy } from "./server/http-policy.ts";
import { defaultInFlightLimits, InFlight } from "./server/in-flight.ts";
import { type InProcessTransport, inProcessTransport } from "./server/in-process.ts";
import { Metrics } from "./server/metrics.ts";
import type { ApiServerOptions } from "./server/options.ts";
import type { HttpResponse } from "./server/render.ts";
import { RequestHandler } from "./server/request-handler.ts";
import { ResourceTable } from "./server/resource-table.ts";
import { followTls } from "./server/serving-tls.ts";
import { versionInfo } from "./server/version.ts";
import { type BootstrapOptions, besideOthers, bootstrap, keepPublished } from "./services/bootstrap.ts";
import { apiServerIdentity } from "./services/default-objects.ts";
import { defaultEventTtlMs, expireEvents } from "./services/event-expiry.ts";
import { MasterLeases } from "./services/master-leases.ts";
import { ServiceAllocation } from "./services/service-allocation.ts";
import { builtInSubresources, builtInVirtual } from "./subresource/built-in.ts";
import { componentStatuses } from "./subresource/component-status.ts";
import { namespaceHooks } from "./subresource/namespace.ts";

/** Upstream's --min-request-timeout. */
const defaultMinRequestTimeoutMs = 1_800_000;

/** @throws StatusError 405 */
function answerVersion({ info }: Call): Answer | undefined {
  if (info.path !== "/version" && info.path !== "/version/") return undefined;
  if (info.verb !== "get" && info.verb !== "head") throw methodNotAllowed();
  return value(200, versionInfo());
}

/** Upstream's --etcd-healthcheck-timeout and --etcd-readycheck-timeout. */
const defaultStoreCheckMs = 2000;

/** Why the store does not answer; undefined when it does. */
async function checkStore(store: Store, clock: Clock, longestMs: number): Promise<string | undefined> {
  const answered = new AbortController();
  const late = clock.sleep(longestMs, answered.signal).then(
    () => "context deadline exceeded",
    () => undefined, // It has answered.
  );
  const answer = store.get("health").then(() => undefined, messageOf);
  try {
    return await Promise.race([answer, late]);
  } finally {
    answered.abort();
  }
}

export class ApiServer implements Component {
  readonly name = "kube-apiserver";
  readonly ready: Promise<void>;
  readonly resources: ResourceTable;
  readonly context: ServerContext;
  readonly customResources: CustomResources;
  readonly #options: ApiServerOptions;
  readonly #handler: RequestHandler;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  #markReady!: () => void;
  #isReady = false;
  #isStopping = false;
  readonly #allocation: ServiceAllocation | undefined;
  readonly #metrics: Metrics;
  #front: HttpsFront | undefined;
  #port: number | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { store, authenticator, authorizer } = options;
    const clock = options.clock ?? realClock;
    const random = options.random ?? realRandom;
    this.#logger = options.logger ?? silentLogger;
    const logger = this.#logger;
    const { meters = new MetricsRegistry() } = options;
    const admission = new AdmissionChain(options.admission ?? [], new AdmissionMetrics(meters), clock);
    const { schemas = builtInSchemas, convert = convertObject } = options;
    this.#allocation = this.#makeAllocation(clock, random, logger);
    const hooks = { ...this.#builtInHooks(), [crdResource]: crdHooks(clock), ...options.hooks };
    this.resources = new ResourceTable(
      {
        ...{ store, schemas, clock, random, logger, admission, hooks, convert, storedVersion, findDefinition },
        ttlSeconds: { events: Math.ceil(this.#eventTtlMs / 1000) },
        redefaultThrough: options.redefaultThrough,
        meterOf: (definition) => writeMeter(meters, definition),
      },
      withCrdChecks(options.definitions ?? builtInDefinitions()),
    );
    const { auditing } = options;
    this.#metrics = new Metrics({ registry: meters, resources: this.resources, store, clock });
    if (auditing !== undefined) meters.collect(() => auditing.metrics());
    if (options.metrics !== undefined) meters.collect(options.metrics);
    const { resources } = this;
    const { minRequestTimeoutMs = defaultMinRequestTimeoutMs } = options;
    this.context = {
      resources,
      store,
      clock,
      random,
      logger,
      admission,
      authenticator,
      authorizer,
      minRequestTimeoutMs,
    };
    this.customResources = new CustomResources(this.context, {
      webhooks: options.conversionWebhooks,
      cel: new CelMetrics(meters, clock),
    });
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
    const chain = new Chain({
      server: this.context,
      handlers: {
        subresources: { ...builtInSubresources(options.kubelet), ...options.subresources },
        virtual: { ...builtInVirtual, ...options.virtual },
        readers: { "/componentstatuses": componentStatuses(options.componentHealth ?? (() => ({}))) },
      },
      nonResource: [...(options.nonResource ?? []), ...this.#ownPaths(schemas)],
      ...this.#elsewhere(),
      limiter: options.limiter ?? new InFlight(options.inFlight ?? defaultInFlightLimits),
      auditing,
      meters,
    });
    this.#handler = new RequestHandler({ chain, requests: this.#metrics.requests, clock, logger });
  }

  /** Whether another server answers for what is below a path. */
  aggregates(path: string): boolean {
    return this.#options.aggregator?.answersFor(path) === true;
  }

  /** The port that is listened on, once ready. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Serves a connection that came in at another address than the one listened on. */
  accept(socket: Socket): void {
    if (this.#front === undefined) socket.destroy();
    else this.#front.accept(socket);
  }

  get #eventTtlMs(): number {
    return this.#options.eventTtlMs ?? defaultEventTtlMs;
  }

  #makeAllocation(clock: Clock, random: Random, logger: Logger): ServiceAllocation | undefined {
    const { store, serviceCidrs, nodePortRange } = this.#options;
    if (serviceCidrs === undefined) return undefined;
    const range = nodePortRange === undefined ? {} : { nodePortRange };
    const registryOf = (plural: string) => {
      const resource = this.resources.find("networking.k8s.io", plural);
      if (resource === undefined) throw new Error(`networking.k8s.io ${plural} are not served, and Services need them`);
      return resource.registry;
    };
    const { signal } = this.#stopped;
    return new ServiceAllocation({ store, serviceCidrs, ...range, registryOf, clock, random, logger, signal });
  }

  #builtInHooks(): Record<string, RegistryHooks> {
    return {
      "/namespaces": namespaceHooks,
      ...(this.#allocation === undefined ? {} : { "/services": this.#allocation }),
    };
  }

  #elsewhere(): Pick<ChainOptions, "elsewhere"> {
    const { aggregator } = this.#options;
    return aggregator === undefined ? {} : { elsewhere: (call) => aggregator.handle(call) };
  }

  #ownPaths(schemas: SchemaSet): NonResourceHandler[] {
    const health = this.#health();
    const address = () => `${this.#options.advertiseAddress ?? "127.0.0.1"}:${this.#port ?? 443}`;
    const { aggregator } = this.#options;
    const discovery = new Discovery(this.resources, address, health.paths, aggregator?.discovery);
    const openApi = new OpenApi(this.resources, schemas, aggregator?.openApi);
    return [
      (call) => health.handle(call),
      (call) => discovery.handle(call),
      (call) => openApi.handle(call),
      (call) => this.#metrics.handle(call),
      answerVersion,
    ];
  }

  /** By upstream's names, in its order. */
  #health(): HealthEndpoints {
    const { store, postStartHooks = [], livezGraceMs = 0, healthChecks = [] } = this.#options;
    const { storeHealthMs = defaultStoreCheckMs, storeReadyMs = defaultStoreCheckMs } = this.#options;
    const { clock } = this.context;
    const createdAt = clock.monotonic();
    // Upstream's log check asks whether its log was flushed lately: ours writes every line at once.
    const basic = ["ping", "log"].map((name) => ({ name, check: () => undefined }));
    // Upstream reads this key too; whether it is there does not matter.
    const etcd = { name: "etcd", check: () => checkStore(store, clock, storeHealthMs) };
    const etcdReady = { name: "etcd-readiness", check: () => checkStore(store, clock, storeReadyMs) };
    const started = () => (this.#isReady ? undefined : "not finished");
    const hooks = (check: typeof started) => postStartHooks.map((name) => ({ name: `poststarthook/${name}`, check }));
    const inTime = () => (clock.monotonic() - createdAt < livezGraceMs ? undefined : started());
    const shutdown = { name: "shutdown", check: () => (this.#isStopping ? "process is shutting down" : undefined) };
    const synced = { name: "informer-sync", check: started };
    return new HealthEndpoints({
      healthz: [...basic, etcd, ...healthChecks, ...hooks(started)],
      livez: [...basic, etcd, ...hooks(inTime)],
      readyz: [...[...basic, etcd, etcdReady, ...healthChecks], ...[synced, ...hooks(started), shutdown]],
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    const stop = () => void this.#stop();
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const { listen, aggregator, background = [], bootstrap: tasks = [] } = this.#options;
    const { clock } = this.context;
    try {
      if (listen !== undefined) {
        this.#front = new HttpsFront({
          ...listen,
          clock,
          logger: this.#logger,
          random: this.context.random,
          forwards: (path) => this.aggregates(path),
          onTimeout: (request, info) => this.#metrics.requests.terminated(request, info, 504),
          onHandshakeError: () => this.#metrics.countHandshakeError(),
          handle: await withHttpPolicy((request) => this.handle(request), listen),
        });
        this.#port = await this.#front.listen();
        const front = this.#front;
        const means = { clock, logger: this.#logger };
        followTls(listen.tls, (tls) => front.replaceTls(tls), means, this.#stopped.signal);
      }
      const defaults = this.#bootstrapOptions();
      if (defaults !== undefined) await bootstrap(defaults);
      for (const task of tasks) await besideOthers(clock, () => task(this, this.#stopped.signal));
      await this.customResources.start(this.#stopped.signal);
      const aggregated = { resources: this.resources, transport: this.transport(apiServerIdentity, "kube-apiserver") };
      if (aggregator !== undefined) await besideOthers(clock, () => aggregator.bootstrap(aggregated));
      const work = background.map((task) => task(this, this.#stopped.signal));
      if (aggregator !== undefined) work.push(aggregator.run(aggregated, this.#stopped.signal));
      work.push(expireEvents(this.context, this.#eventTtlMs, this.#stopped.signal));
      if (defaults !== undefined) work.push(keepPublished(defaults, this.#stopped.signal));
      if (this.#allocation !== undefined) work.push(this.#allocation.keepRepaired(this.#stopped.signal));
      this.#isReady = true;
      this.#markReady();
      const failed = Promise.all(work).then(() => aborted(this.#stopped.signal));
      await Promise.race([aborted(this.#stopped.signal), failed]);
      await Promise.allSettled(work);
    } finally {
      signal.removeEventListener("abort", stop);
      this.#stopped.abort();
      this.#isReady = false;
      // Watches that are given time to end need what they watch.
      if (!this.#options.listen?.watchGraceMs) this.resources.close();
      await this.#front?.close();
      this.resources.close();
      await this.#options.auditing?.close();
    }
  }

  /** Not ready from now on; load balancers have the delay to notice. */
  async #stop(): Promise<void> {
    this.#isStopping = true;
    const { shutdownDelayMs = 0 } = this.#options;
    // Rejects when the server ended by itself meanwhile.
    if (shutdownDelayMs > 0) await this.context.clock.sleep(shutdownDelayMs, this.#stopped.signal).catch(() => {});
    this.#stopped.abort();
  }

  #bootstrapOptions(): BootstrapOptions | undefined {
    const { serviceCidrs, defaultObjects = serviceCidrs !== undefined, advertiseAddress } = this.#options;
    if (!defaultObjects) return undefined;
    const transport = this.transport(apiServerIdentity, "kube-apiserver");
    const port = this.#port;
    const logger = this.#logger;
    const { store, clock } = this.context;
    const base = { transport, serviceCidrs, clock, logger };
    if (this.#allocation === undefined || advertiseAddress === undefined || port === undefined) {
      return { ...base, publication: undefined, leases: undefined };
    }
    const isPublished = this.#options.publishEndpoints !== false && !this.#isForItself(advertiseAddress);
    const leases =
      store.expiresKeys && isPublished
        ? new MasterLeases({ store, address: advertiseAddress, clock, logger })
        : undefined;
    const addresses = async () => (await leases?.addresses()) ?? (isPublished ? [advertiseAddress] : []);
    const { kubernetesServiceNodePort: nodePort = 0 } = this.#options;
    const publication = { clusterIP: this.#allocation.firstAddress, addresses, port, nodePort };
    return { ...base, publication, leases };
  }

  /** An endpoint may not be in the loopback range: elsewhere it would be another machine. */
  #isForItself(address: string): boolean {
    if (!address.startsWith("127.") && address !== "::1") return false;
    this.#logger.warn("The Service default/kubernetes gets no endpoint: nobody else reaches this address", { address });
    return true;
  }

  healthz(): Health {
    return this.#isReady ? { ok: true } : { ok: false, reason: "the API server is not serving" };
  }

  /** The whole chain, without a socket. Never rejects. */
  handle(request: ServerRequest): Promise<HttpResponse> {
    return this.#handler.handle(request);
  }

  /** A transport of this process: requests enter the chain as `user`, past authentication. */
  transport(user: UserInfo, userAgent = user.name): InProcessTransport {
    return inProcessTransport(this.#handler, user, userAgent, this.#stopped.signal);
  }
}
