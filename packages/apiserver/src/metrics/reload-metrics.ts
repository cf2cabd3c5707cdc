/** Configuration files that are read again while the server runs. Source: apiserver's server/options/{authentication,authorization,encryption}config/metrics. */

import { createHash } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import { identityOf } from "../services/identity-lease.ts";
import type { MetricsRegistry, Stability } from "./families.ts";

export interface ReloadMetricsOptions {
  readonly meters: MetricsRegistry;
  readonly clock: Clock;
  readonly what: "authentication" | "authorization" | "encryption";
  /** The host by which this API server is told from the others of the cluster. */
  readonly host: string;
}

export class ReloadMetrics {
  readonly #options: ReloadMetricsOptions;
  readonly #serverHash: string;

  constructor(options: ReloadMetricsOptions) {
    this.#options = options;
    this.#serverHash = serverHash(options.host);
  }

  /** A configuration is in use. */
  loaded(content: string): void {
    const help = "1 for the configuration in use, which the label tells by its hash.";
    const info = this.#options.meters.gauge(this.#name("last_config_info"), "ALPHA", help, [
      "apiserver_id_hash",
      "hash",
    ]);
    info.clear();
    info.with(this.#serverHash, hashOf(content)).value = 1;
  }

  /** A changed configuration was taken, or not. */
  reloaded(status: "success" | "failure"): void {
    const { meters, clock, what } = this.#options;
    const stability: Stability = what === "encryption" ? "ALPHA" : "BETA";
    const labels = ["status", "apiserver_id_hash"];
    const total = this.#name("automatic_reloads_total");
    meters.counter(total, stability, "Changed configurations, taken or refused.", labels).with(status, this.#serverHash)
      .value++;
    const last = this.#name("automatic_reload_last_timestamp_seconds");
    meters.gauge(last, stability, "When the last one was.", labels).with(status, this.#serverHash).value =
      clock.now() / 1000;
  }

  /** What `apply` does with a changed configuration, counted. */
  applying(apply: (content: string) => Promise<void> | void): (content: string) => Promise<void> {
    return async (content) => {
      try {
        await apply(content);
        this.loaded(content);
        this.reloaded("success");
      } catch (error) {
        this.reloaded("failure");
        throw error;
      }
    };
  }

  #name(suffix: string): string {
    return `apiserver_${this.#options.what}_config_controller_${suffix}`;
  }
}

/** As metrics name an API server. */
export function serverHash(host: string): string {
  return hashOf(identityOf(host));
}

function hashOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
