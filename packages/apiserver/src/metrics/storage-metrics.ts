/** What is stored, and how long it took to store it. Source: apiserver's storage/etcd3/metrics and storage/cacher/metrics. */

import type { ResourceDefinition } from "@kubets/api";
import type { Store } from "@kubets/storage";
import type { ResourceTable } from "../server/resource-table.ts";
import type { Histogram, MetricsRegistry, Series } from "./families.ts";
import { latencyBuckets } from "./request-families.ts";

const labels = ["operation", "group", "resource"];

interface OperationSeries {
  readonly total: Series;
  readonly seconds: Histogram;
}

/** Of one operation on one resource. Its series are there once it was used: most resources never are. */
class Operation {
  readonly #make: () => OperationSeries;
  readonly #errors: () => Series;
  #series: OperationSeries | undefined;

  constructor(make: () => OperationSeries, errors: () => Series) {
    this.#make = make;
    this.#errors = errors;
  }

  done(ms: number): void {
    this.#series ??= this.#make();
    this.#series.total.value++;
    this.#series.seconds.observe(ms / 1000);
  }

  failed(ms: number): void {
    this.done(ms);
    this.#errors().value++;
  }
}

export interface WriteMeter {
  readonly create: Operation;
  readonly update: Operation;
  readonly delete: Operation;
}

/** Writes of one resource to the store, under the names that upstream has for its etcd. */
export function writeMeter(metrics: MetricsRegistry, { group, plural }: ResourceDefinition): WriteMeter {
  const total = metrics.counter(
    "etcd_requests_total",
    "ALPHA",
    "Writes to the store, by operation and resource.",
    labels,
  );
  const errors = metrics.counter("etcd_request_errors_total", "ALPHA", "Writes to the store that failed.", labels);
  const seconds = metrics.histogram(
    "etcd_request_duration_seconds",
    "ALPHA",
    "How long writes to the store took until they were durable.",
    labels,
    latencyBuckets,
  );
  const operation = (name: string) => {
    const make = () => ({ total: total.with(name, group, plural), seconds: seconds.with(name, group, plural) });
    return new Operation(make, () => errors.with(name, group, plural));
  };
  return { create: operation("create"), update: operation("update"), delete: operation("delete") };
}

/** Counts what is stored, and reads the hubs, when somebody asks. */
export function storageMetrics(metrics: MetricsRegistry, store: Store, resources: () => ResourceTable): void {
  const perResource = ["group", "resource"];
  const objects = metrics.gauge("apiserver_resource_objects", "ALPHA", "Stored objects, by resource.", perResource);
  const old = metrics.gauge(
    "apiserver_storage_objects",
    "STABLE",
    "Stored objects, by resource. Deprecated: apiserver_resource_objects is its successor.",
    ["resource"],
  );
  const size = metrics.gauge(
    "apiserver_storage_size_bytes",
    "STABLE",
    "Bytes that the store's database takes on its disk.",
    ["storage_cluster_id"],
  );
  const cache = (name: string) => `apiserver_watch_cache_${name}`;
  const received = metrics.counter(
    cache("events_received_total"),
    "ALPHA",
    "Events that the watch cache was told of.",
    perResource,
  );
  const dispatched = metrics.counter(
    cache("events_dispatched_total"),
    "ALPHA",
    "Events that the watch cache handed out.",
    perResource,
  );
  const revision = metrics.gauge(
    cache("resource_version"),
    "ALPHA",
    "The watch cache's revision, its last 15 digits.",
    perResource,
  );
  metrics.collect(async () => {
    for (const family of [objects, old]) family.clear();
    const counted = new Set<string>();
    for (const { definition, registry, hub } of resources().all()) {
      if (definition.virtual) continue;
      const { group, plural, storagePath } = definition;
      received.with(group, plural).value = Math.max(received.with(group, plural).value, hub.dispatched);
      dispatched.with(group, plural).value = received.with(group, plural).value;
      revision.with(group, plural).value = registry.store.revision % 1e15;
      if (counted.has(storagePath)) continue;
      counted.add(storagePath);
      const count = await store.count(registry.prefix).catch(() => -1);
      objects.with(group, plural).value = count;
      old.with(group === "" ? plural : `${plural}.${group}`).value = count;
    }
    const bytes = await store.sizeBytes?.().catch(() => undefined);
    if (bytes !== undefined) size.with("etcd-0").value = bytes;
    return [];
  });
}
