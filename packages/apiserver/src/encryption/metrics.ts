/** Encryption under upstream's names: storage/value, storage/value/encrypt/envelope/metrics and server/options/encryptionconfig/metrics of apiserver. */

import { createHash } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import type { ValueCodec } from "@kubets/storage";
import { exponentialBuckets, type Histogram, MetricsRegistry, type Series } from "../metrics/families.ts";
import { ReloadMetrics, serverHash } from "../metrics/reload-metrics.ts";

type Direction = "from_storage" | "to_storage";

/** Upstream keeps the last hundred, too. */
const maxKeyIds = 100;

/** Of one process, whichever configuration it uses. */
export class EncryptionMetrics {
  readonly meters = new MetricsRegistry();
  readonly kms: KmsMetrics;
  readonly configuration: ReloadMetrics;
  readonly #clock: Clock;

  /** @param host what tells this API server from the others of the cluster */
  constructor(clock: Clock, host: string) {
    this.#clock = clock;
    this.kms = new KmsMetrics(this.meters, clock, serverHash(host));
    this.configuration = new ReloadMetrics({ meters: this.meters, clock, what: "encryption", host });
  }

  /** A codec that counts what it does to the values of one resource. */
  metered(codec: PrefixedCodec, resource: string): ValueCodec {
    const count = (type: Direction, prefix: string, status: string) =>
      this.meters
        .counter(
          "apiserver_storage_transformation_operations_total",
          "ALPHA",
          "Values encrypted and decrypted, by resource, provider and outcome.",
          ["resource", "transformation_type", "transformer_prefix", "status"],
        )
        .with(resource, type, prefix, status);
    const seconds = (type: Direction, prefix: string) =>
      this.meters
        .histogram(
          "apiserver_storage_transformation_duration_seconds",
          "ALPHA",
          "How long values took to encrypt and to decrypt.",
          ["transformation_type", "transformer_prefix"],
          exponentialBuckets(5e-6, 2, 25),
        )
        .with(type, prefix);
    const well = new Map<string, { readonly total: Series; readonly seconds: Histogram }>();
    const done = (type: Direction, prefix: string, start: number) => {
      const key = `${type} ${prefix}`;
      let series = well.get(key);
      if (series === undefined) {
        series = { total: count(type, prefix, "OK"), seconds: seconds(type, prefix) };
        well.set(key, series);
      }
      series.total.value++;
      series.seconds.observe((this.#clock.monotonic() - start) / 1000);
    };
    const run = <T>(type: Direction, prefix: string, work: () => T): T => {
      const start = this.#clock.monotonic();
      try {
        const result = work();
        done(type, prefix, start);
        return result;
      } catch (error) {
        count(type, prefix, codeOf(error)).value++;
        throw error;
      }
    };
    return {
      get seal() {
        return codec.seal;
      },
      encode: (path, bytes) => run("to_storage", codec.writerPrefix, () => codec.encode(path, bytes)),
      decode: (path, stored) => run("from_storage", codec.prefixOf(stored), () => codec.decode(path, stored)),
    };
  }
}

export interface PrefixedCodec extends ValueCodec {
  readonly writerPrefix: string;
  /** Of the provider that a stored value is for: "identity" for a plain one, "unknown" for nobody's. */
  prefixOf(stored: Uint8Array): string;
}

/** gRPC's, where a plugin was asked. */
export function codeOf(error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  return /rpc error: code = (\w+)/.exec(message)?.[1] ?? "unknown-non-grpc";
}

function hash(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

export class KmsMetrics {
  readonly #meters: MetricsRegistry;
  readonly #clock: Clock;
  readonly #serverHash: string;
  /** By what identifies a series of a key. The oldest go first: keys' names are without end. */
  readonly #used = new Map<string, { readonly total: Series; readonly last: Series; forget(): void }>();
  readonly #seen = new Map<string, { readonly last: Series; forget(): void }>();
  readonly #misses: Series;

  constructor(meters: MetricsRegistry, clock: Clock, serverHash: string) {
    this.#meters = meters;
    this.#clock = clock;
    this.#serverHash = serverHash;
    const help = "Times that a plugin had to be asked for a key.";
    this.#misses = meters.counter("apiserver_storage_envelope_transformation_cache_misses_total", "ALPHA", help).with();
  }

  call(provider: string, method: string, code: string, ms: number): void {
    const labels = ["provider_name", "method_name", "grpc_status_code"];
    const help = "How long calls of KMS plugins took, by gRPC's code.";
    this.#meters
      .histogram(name("kms_operations_latency_seconds"), "ALPHA", help, labels, exponentialBuckets(0.0001, 2, 20))
      .with(provider, `/v2.KeyManagementService/${method}`, code)
      .observe(ms / 1000);
  }

  invalidKeyId(provider: string, error: string): void {
    const help = "Names of keys from plugins that could not be used.";
    this.#meters
      .counter(name("invalid_key_id_from_status_total"), "ALPHA", help, ["provider_name", "error"])
      .with(provider, error).value++;
  }

  keyIdFromStatus(provider: string, keyId: string): void {
    const key = `${provider} ${keyId}`;
    let known = this.#seen.get(key);
    if (known === undefined) {
      const last = this.#meters.gauge(
        name("key_id_hash_status_last_timestamp_seconds"),
        "ALPHA",
        "When a plugin last named a key as the one in use.",
        ["provider_name", "key_id_hash", "apiserver_id_hash"],
      );
      const values = [provider, hash(keyId), this.#serverHash];
      known = { last: last.with(...values), forget: () => last.remove(...values) };
      remember(this.#seen, key, known);
    }
    known.last.value = this.#clock.now() / 1000;
  }

  keyUsed(provider: string, type: Direction, keyId: string): void {
    const key = `${provider} ${type} ${keyId}`;
    let known = this.#used.get(key);
    if (known === undefined) {
      const labels = ["transformation_type", "provider_name", "key_id_hash", "apiserver_id_hash"];
      const total = this.#meters.counter(name("key_id_hash_total"), "ALPHA", "Uses of a key.", labels);
      const last = this.#meters.gauge(
        name("key_id_hash_last_timestamp_seconds"),
        "ALPHA",
        "When a key was last used.",
        labels,
      );
      const values = [type, provider, hash(keyId), this.#serverHash];
      const forget = () => {
        total.remove(...values);
        last.remove(...values);
      };
      known = { total: total.with(...values), last: last.with(...values), forget };
      remember(this.#used, key, known);
    }
    known.total.value++;
    known.last.value = this.#clock.now() / 1000;
  }

  cacheMiss(): void {
    this.#misses.value++;
  }

  cacheSize(provider: string, size: number): void {
    const help = "Keys that are known without asking the plugin; after a restart it will be asked about as often.";
    this.#meters.gauge(name("dek_source_cache_size"), "ALPHA", help, ["provider_name"]).with(provider).value = size;
  }
}

function name(suffix: string): string {
  return `apiserver_envelope_encryption_${suffix}`;
}

function remember<T extends { forget(): void }>(map: Map<string, T>, key: string, value: T): void {
  const [oldest] = map;
  if (map.size >= maxKeyIds && oldest !== undefined) {
    oldest[1].forget();
    map.delete(oldest[0]);
  }
  map.set(key, value);
}
