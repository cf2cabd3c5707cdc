/** `/metrics`, in Prometheus' text format. */

import type { Clock } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { type ClientMeter, clientMeters, inProcessHost } from "../metrics/client-metrics.ts";
import type { MetricsRegistry, Series } from "../metrics/families.ts";
import { processMetrics } from "../metrics/process-metrics.ts";
import { RequestMetrics } from "../metrics/request-metrics.ts";
import { storageMetrics } from "../metrics/storage-metrics.ts";
import { type Answer, text } from "../request/request.ts";
import type { Call } from "./context.ts";
import type { ResourceTable } from "./resource-table.ts";

export interface MetricsSource {
  readonly registry: MetricsRegistry;
  readonly resources: ResourceTable;
  readonly store: Store;
  readonly clock: Clock;
}

export class Metrics {
  readonly registry: MetricsRegistry;
  readonly requests: RequestMetrics;
  /** Of callers in this process. */
  readonly inProcess: (method: string) => ClientMeter;
  readonly #handshakeErrors: Series;

  constructor({ registry, resources, store, clock }: MetricsSource) {
    this.registry = registry;
    this.inProcess = clientMeters(registry, inProcessHost);
    this.requests = new RequestMetrics(registry, resources, clock);
    storageMetrics(registry, store, () => resources);
    processMetrics(registry, clock);
    const help = "Connections whose TLS handshake failed.";
    this.#handshakeErrors = registry.counter("apiserver_tls_handshake_errors_total", "ALPHA", help).with();
  }

  /** A connection that never came to be one. */
  countHandshakeError(): void {
    this.#handshakeErrors.value++;
  }

  handle({ info }: Call): Promise<Answer> | undefined {
    return info.path === "/metrics" ? this.#answer() : undefined;
  }

  async #answer(): Promise<Answer> {
    return text(200, await this.registry.text(), "text/plain; version=0.0.4; charset=utf-8");
  }
}
