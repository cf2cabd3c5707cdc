/**
 * Keeps a loop that repeats itself from filling the store with events: the same event again raises a count, many of one kind are combined,
 * and an object that never stops talking is silenced. Numbers and keys are client-go's (tools/record/events_cache.go).
 */

import type { Clock } from "@kubets/apimachinery";

/** A core/v1 Event, as far as the recorder writes it. */
export interface EventObject {
  apiVersion: "v1";
  kind: "Event";
  metadata: { name: string; namespace: string; annotations?: Record<string, string>; resourceVersion?: string };
  involvedObject: {
    kind?: string;
    namespace?: string;
    name?: string;
    uid?: string;
    apiVersion?: string;
    resourceVersion?: string;
    fieldPath?: string;
  };
  reason: string;
  message: string;
  source: { component: string; host?: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
  type: "Normal" | "Warning";
  eventTime: null;
  reportingComponent: string;
  reportingInstance: string;
}

const maxEntries = 4096;
const spamBurst = 25;
const spamPerMs = 1 / 300_000;
const similarLimit = 10;
const similarWindowMs = 600_000;

/** What to do with an event: nothing, create it, or raise the count of one that exists. */
export type Correlated =
  | { readonly action: "drop" }
  | { readonly action: "create" | "patch"; readonly event: EventObject };

export class EventCorrelator {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();
  readonly #similar = new Map<string, { messages: Set<string>; at: number }>();
  readonly #seen = new Map<string, EventObject>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  correlate(event: EventObject): Correlated {
    const combined = this.#combine(event);
    const key = combined.key;
    const last = this.#seen.get(key);
    const next: EventObject =
      last === undefined
        ? combined.event
        : {
            ...combined.event,
            metadata: { ...combined.event.metadata, name: last.metadata.name },
            firstTimestamp: last.firstTimestamp,
            count: last.count + 1,
          };
    remember(this.#seen, key, next);
    if (!this.#allowed(event)) return { action: "drop" };
    return { action: last === undefined ? "create" : "patch", event: next };
  }

  /** The event is not there any more: the next one like it is new. */
  forget(event: EventObject): void {
    for (const [key, seen] of this.#seen) if (seen.metadata.name === event.metadata.name) this.#seen.delete(key);
  }

  #combine(event: EventObject): { event: EventObject; key: string } {
    const now = this.#clock.monotonic();
    const group = groupKey(event);
    const old = this.#similar.get(group);
    const record =
      old !== undefined && now - old.at <= similarWindowMs ? old : { messages: new Set<string>(), at: now };
    record.messages.add(event.message);
    record.at = now;
    remember(this.#similar, group, record);
    if (record.messages.size < similarLimit)
      return { event, key: `${group}|${event.message}|${event.involvedObject.fieldPath ?? ""}` };
    // Bounded: after this many the set only needs to stay full.
    if (record.messages.size > similarLimit) record.messages.delete(event.message);
    return { event: { ...event, message: `(combined from similar events): ${event.message}` }, key: group };
  }

  #allowed(event: EventObject): boolean {
    const now = this.#clock.monotonic();
    const key = [...sourceKey(event), ...objectKey(event)].join("|");
    const bucket = this.#buckets.get(key) ?? { tokens: spamBurst, at: now };
    bucket.tokens = Math.min(spamBurst, bucket.tokens + (now - bucket.at) * spamPerMs);
    bucket.at = now;
    remember(this.#buckets, key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

function sourceKey({ source }: EventObject): string[] {
  return [source.component, source.host ?? ""];
}

function objectKey({ involvedObject: o }: EventObject): string[] {
  return [o.kind ?? "", o.namespace ?? "", o.name ?? "", o.uid ?? "", o.apiVersion ?? ""];
}

function groupKey(event: EventObject): string {
  return [...sourceKey(event), ...objectKey(event), event.type, event.reason].join("|");
}

/** A least-recently-used map of at most {@link maxEntries}. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxEntries) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
