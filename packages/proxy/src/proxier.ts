/**
 * kube-proxy: watches Services and EndpointSlices and keeps the node's rules equal to them. A change recomputes only its Service;
 * changes that come while a transaction runs go together into the next one.
 */

import { type EndpointSlice, endpointSlices, type Service, serviceNameLabel, services } from "@kubets/api";
import {
  ChangeSet,
  type Clock,
  type Component,
  type Health,
  type KubeObject,
  keyOf,
  type Logger,
  messageOf,
  realClock,
  silentLogger,
} from "@kubets/apimachinery";
import type { InformerFactory } from "@kubets/client";
import { type Place, type ServicePort, servicePortsOf } from "./service-ports.ts";
import type { ServiceRules } from "./service-rules.ts";

const proxyNameLabel = "service.kubernetes.io/service-proxy-name";
const byService = "proxy-service";

export interface ProxierOptions {
  readonly informers: InformerFactory;
  readonly rules: ServiceRules;
  readonly place: Place;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Wait before a failed transaction is tried again. Default 1 s, doubled up to 30 s. */
  readonly retryMs?: number;
}

/** Ready when the rules for all Services that are known have been written once. */
export class Proxier implements Component {
  readonly name = "kube-proxy";
  readonly ready: Promise<void>;
  readonly #options: ProxierOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ports = new Map<string, readonly ServicePort[]>();
  /** Keys of Services. */
  readonly #changes = new ChangeSet<string>();
  #markReady: () => void = () => {};
  #health: Health = { ok: false, reason: "rules are not written yet" };

  constructor(options: ProxierOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { informers } = this.#options;
    const serviceInformer = informers.informer(services);
    const sliceInformer = informers.informer(endpointSlices);
    sliceInformer.addIndex(byService, (slice) => [serviceKeyOf(slice)]);
    const onService = (service: Service) => this.#changes.mark(keyOf(service));
    const onSlice = (slice: EndpointSlice) => this.#changes.mark(serviceKeyOf(slice));
    const removers = [
      serviceInformer.addHandler({ add: onService, update: (_old, service) => onService(service), delete: onService }),
      sliceInformer.addHandler({
        add: onSlice,
        update: (old, slice) => {
          onSlice(old);
          onSlice(slice);
        },
        delete: onSlice,
      }),
    ];
    try {
      await Promise.all([serviceInformer.synced(signal), sliceInformer.synced(signal)]);
      const recompute = (key: string) => {
        const service = serviceInformer.lister.getByKey(key);
        const slices = sliceInformer.lister.byIndex(byService, key);
        const ports =
          service === undefined || isOthers(service) ? [] : servicePortsOf(service, slices, this.#options.place);
        if (ports.length === 0) this.#ports.delete(key);
        else this.#ports.set(key, ports);
      };
      await this.#keepInStep(recompute, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      for (const remove of removers) remove();
    }
  }

  async #keepInStep(recompute: (key: string) => void, signal: AbortSignal): Promise<void> {
    const firstRetryMs = this.#options.retryMs ?? 1_000;
    let retryMs = firstRetryMs;
    let due = true;
    for (;;) {
      const changed = due ? this.#changes.drain() : await this.#changes.take(signal);
      for (const key of changed) recompute(key);
      try {
        await this.#options.rules.apply([...this.#ports.values()].flat());
        retryMs = firstRetryMs;
        due = false;
        this.#health = { ok: true };
        this.#markReady();
      } catch (err) {
        signal.throwIfAborted();
        this.#health = { ok: false, reason: messageOf(err) };
        this.#logger.error("Could not write service rules; trying again", { err, retryMs });
        await this.#clock.sleep(retryMs, signal);
        retryMs = Math.min(retryMs * 2, 30_000);
        due = true;
      }
    }
  }
}

function serviceKeyOf(slice: KubeObject): string {
  return `${slice.metadata?.namespace ?? ""}/${slice.metadata?.labels?.[serviceNameLabel] ?? ""}`;
}

/** The Service is left to another proxy. */
function isOthers(service: Service): boolean {
  return service.metadata?.labels?.[proxyNameLabel] !== undefined;
}
