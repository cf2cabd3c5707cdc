/**
 * The aggregation layer: APIServices for what this server answers, requests for the rest passed on, and their discovery and OpenAPI among its own.
 * Source: kube-aggregator's apiserver.
 */

import { type EndpointSlice, endpointSlices, type Service, serviceNameLabel, services } from "@kubets/api";
import { aborted, type Clock, type KubeObject, type Logger, WorkQueue } from "@kubets/apimachinery";
import type { Dial } from "../egress/egress.ts";
import { MetricsRegistry, type NumberFamily } from "../metrics/families.ts";
import { workQueueMeter } from "../metrics/queue-metrics.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { Answer } from "../request/request.ts";
import type { Call } from "../server/context.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import type { ServiceResolver } from "../webhook/index.ts";
import { AutoRegistration } from "./auto-register.ts";
import { availabilityMetrics, checkAvailability } from "./availability.ts";
import { BackendClient } from "./backend-client.ts";
import { AggregationProxy } from "./proxy.ts";
import { Registrations } from "./registrations.ts";
import { RemoteDiscovery } from "./remote-discovery.ts";
import { RemoteOpenApi } from "./remote-openapi.ts";
import { type ClusterTrust, keepTrust, publishTrust } from "./trust-config-map.ts";

export interface AggregatorOptions {
  readonly reader: ObjectReader;
  readonly services: ServiceResolver;
  /** How the servers are reached where not directly. */
  readonly dial?: Dial | undefined;
  /** PEM: how this server shows aggregated ones that it may speak for users. Without it they see nobody. */
  readonly proxyClient?: { readonly certificate: string; readonly key: string };
  /** Redirects of aggregated servers are answered with 502, not passed back. */
  readonly rejectRedirects?: boolean;
  readonly trust: ClusterTrust;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters?: MetricsRegistry;
}

/** What the aggregator needs of the server, once it stands. */
export interface AggregatedServer {
  readonly resources: ResourceTable;
  readonly transport: InProcessTransport;
}

const workers = 5;
const maxRetryMs = 30_000;
/** Servers that nothing is heard of are looked at again this often. */
const resyncMs = 30_000;

export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #registrations = new Registrations();
  readonly #client: BackendClient;
  readonly #proxy: AggregationProxy;
  readonly #meters: MetricsRegistry;
  readonly #unavailable: NumberFamily;
  readonly discovery: RemoteDiscovery;
  readonly openApi: RemoteOpenApi;
  #trust: ClusterTrust;
  #transport: InProcessTransport | undefined;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#meters = options.meters ?? new MetricsRegistry();
    this.#unavailable = availabilityMetrics(this.#meters, this.#registrations);
    this.#trust = options.trust;
    const { services: resolver, proxyClient, clock } = options;
    this.#client = new BackendClient({
      services: resolver,
      dial: options.dial,
      ...(proxyClient === undefined ? {} : { certificate: proxyClient }),
    });
    this.#proxy = new AggregationProxy(this.#registrations, this.#client, {
      rejectRedirects: options.rejectRedirects === true,
      identityHeaders: options.trust,
    });
    const fetching = { client: this.#client, clock };
    this.discovery = new RemoteDiscovery(this.#registrations, fetching);
    this.openApi = new RemoteOpenApi(this.#registrations, this.#proxy, fetching);
  }

  /** Follows the APIServices until `signal` aborts. To be waited for before requests come. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#registrations.follow(this.#options.reader, signal);
  }

  /** Undefined for what this server answers itself; that costs nothing. */
  handle(call: Call): Promise<Answer> | undefined {
    return this.#proxy.handle(call);
  }

  /** Whether another server answers for what is below a path. */
  answersFor(path: string): boolean {
    const [root, group = "", version = ""] = path.split("/").filter((part) => part !== "");
    return root === "apis" && this.#registrations.backend(group, version) !== undefined;
  }

  /** Makes the APIServices of built-in groups, and tells aggregated servers whom to trust. */
  async bootstrap({ resources, transport }: AggregatedServer): Promise<void> {
    const { clock } = this.#options;
    this.#transport = transport;
    const registration = new AutoRegistration(this.#registrations, transport);
    await Promise.all([registration.registerBuiltIn(resources), publishTrust(transport, this.#trust, clock)]);
  }

  /** From now on this is shown to aggregated servers. */
  useProxyClient(certificate: NonNullable<AggregatorOptions["proxyClient"]>): void {
    this.#client.useCertificate(certificate);
  }

  /** From now on aggregated servers are to trust these too. */
  async trustAlso(changed: Partial<ClusterTrust>): Promise<void> {
    this.#trust = { ...this.#trust, ...changed };
    if (this.#transport !== undefined) await publishTrust(this.#transport, this.#trust, this.#options.clock);
  }

  /** Keeps APIServices of custom resources, availability, discovery and trust right until `signal` aborts. */
  async run({ transport }: AggregatedServer, signal: AbortSignal): Promise<void> {
    const { reader, clock, logger } = this.#options;
    const registration = new AutoRegistration(this.#registrations, transport);
    const queue = (name: string) =>
      new WorkQueue<string>({ clock, maxDelayMs: maxRetryMs, meter: workQueueMeter(this.#meters, name) });
    const registering = queue("autoregister");
    const checking = queue("remote_available_controller");
    const stop = () => {
      registering.shutDown();
      checking.shutDown();
      this.#client.close();
    };
    signal.addEventListener("abort", stop, { once: true });
    registration.onChange((name) => registering.add(name));
    await registration.followDefinitions(reader, signal);
    const first = Promise.withResolvers<void>();
    this.#registrations.onChange((name) => {
      checking.add(name);
      if (this.#registrations.hasBackends) first.resolve();
      if (registration.isContinuous(name)) registering.add(name);
    });
    for (const { metadata } of this.#registrations.all()) {
      checking.add(metadata?.name ?? "");
      if (registration.isContinuous(metadata?.name ?? "")) registering.add(metadata?.name ?? "");
    }
    if (this.#registrations.hasBackends) first.resolve();
    const onError = (err: unknown) => logger.warn("The aggregation layer could not do its work", { err });
    await Promise.all([
      work(registering, 1, (name) => registration.sync(name).then(() => false), onError),
      work(checking, workers, (name) => this.#check(name, transport, signal), onError),
      Promise.race([first.promise, aborted(signal)]).then(() => this.#followBackends(checking, signal)),
      keepTrust(transport, () => this.#trust, clock, onError, signal),
    ]);
  }

  /** @returns whether to look again soon */
  async #check(name: string, transport: InProcessTransport, signal: AbortSignal): Promise<boolean> {
    const { reader, clock } = this.#options;
    const unavailable = this.#unavailable;
    const options = { registrations: this.#registrations, reader, client: this.#client, transport, clock, unavailable };
    const again = await checkAvailability(options, name, signal);
    const refreshed = await this.discovery.refresh(name, signal);
    return again || (!refreshed && this.#registrations.get(name) !== undefined);
  }

  /**
   * A change of a Service or of its endpoints makes those behind it be looked at, and all are from time to time. Begins with the first such APIService:
   * most clusters have none.
   */
  async #followBackends(checking: WorkQueue<string>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const look = (namespace: string | undefined, name: string | undefined) => {
      if (!this.#registrations.hasBackends) return;
      for (const backend of this.#registrations.backends()) {
        if (backend.service.namespace === namespace && backend.service.name === name) checking.add(backend.name);
      }
    };
    const handler = (nameOf: (object: KubeObject) => string | undefined) => {
      const changed = (object: KubeObject) => look(object.metadata?.namespace, nameOf(object));
      return { put: changed, remove: changed };
    };
    const { reader } = this.#options;
    const ofSlice = handler(({ metadata }) => metadata?.labels?.[serviceNameLabel]);
    await reader.subscribe<Service>(
      services,
      handler(({ metadata }) => metadata?.name),
      signal,
    );
    await reader.subscribe<EndpointSlice>(endpointSlices, ofSlice, signal);
    await this.#resync(checking, signal);
  }

  async #resync(checking: WorkQueue<string>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(resyncMs, signal).catch(() => {}); // Ended: so does the loop.
      if (signal.aborted) return;
      for (const { name } of this.#registrations.backends()) checking.add(name);
    }
  }
}

/** Works a queue off until it is shut down. `handle` gives whether the key is to come back after a while. */
async function work(
  queue: WorkQueue<string>,
  count: number,
  handle: (key: string) => Promise<boolean>,
  onError: (error: unknown) => void,
): Promise<void> {
  const worker = async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      let again = true;
      try {
        again = await handle(key);
      } catch (error) {
        if (!queue.shuttingDown) onError(error);
      }
      if (again) queue.addRateLimited(key);
      else queue.forget(key);
      queue.done(key);
    }
  };
  await Promise.all(Array.from({ length: count }, worker));
}
