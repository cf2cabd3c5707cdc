/**
 * The watch hub of one resource: one subscription to the store, however many watchers. An event costs the watchers it could concern:
 * they are indexed by object, namespace, and the hot field selectors. A watcher is in exactly one bucket.
 */

import type { Clock, Logger, Timer } from "@kubets/apimachinery";
import type { Store, StoreEvent } from "@kubets/storage";
import type { Registry } from "../registry/registry.ts";
import type { Selection } from "../registry/selection.ts";
import type { ServedObject } from "../registry/served-object.ts";
import { type Delivery, ResourceEvent } from "./event.ts";
import { EventQueue } from "./event-queue.ts";

/** Field selectors that many watchers have, each with another value. */
const hotFields: Readonly<Record<string, readonly string[]>> = { "/pods": ["spec.nodeName"] };

/** How often a quiet watcher that asked for bookmarks gets one. */
const bookmarkIntervalMs = 60_000;

/**
 * With this many watchers, events that follow each other soon travel together: a write to each of a hundred connections costs more than what is
 * written. The first after a pause goes at once.
 */
const crowd = 32;
/** How long the next ones wait at most, for each watcher there is and in all: a write takes 5 µs, and so they take a twentieth of the time. */
const crowdMsEach = 0.12;
const crowdMsMost = 16;

export interface Subscriber {
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly selection: Selection;
  readonly bookmarks: boolean;
  /** Called synchronously, batch by batch, in order; watchers of the same share one array. Must not throw. */
  deliver(deliveries: readonly Delivery[]): void;
  /** No more will come: the store's watch broke, or the hub was closed. */
  end(error?: Error): void;
}

interface Seat {
  readonly subscriber: Subscriber;
  /** Events up to here are not for it. Taken between two batches, and a batch holds whole revisions. */
  readonly after: number;
  /** What it has in common with all who are told the same of a bucket's events; undefined when that is not known. */
  readonly sameAs: string | undefined;
}

/** The hub's own watch of the store. */
interface Subscription {
  readonly abort: AbortController;
  readonly ready: Promise<void>;
}

export class WatchHub {
  readonly #registry: Registry;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #hot: readonly string[];
  readonly #buckets = new Map<string, Set<Seat>>();
  #size = 0;
  #dispatched = 0;
  #joining = 0;
  #subscription: Subscription | undefined;
  /** Everything up to here has been delivered; at least the revision of the last event that was. */
  #revision = 0;
  /** What is still to be delivered, by bucket, and up to where it goes. */
  #waiting = new Map<string, ResourceEvent[]>();
  #waitingRevision = 0;
  #flushTimer: Timer | undefined;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #bookmarkTimer: Timer | undefined;
  #queue: EventQueue | undefined;

  constructor(registry: Registry, clock: Clock, logger: Logger) {
    this.#registry = registry;
    this.#store = registry.store;
    this.#clock = clock;
    this.#logger = logger;
    const { group, plural, selectableFields } = registry.definition;
    this.#hot = (hotFields[`${group}/${plural}`] ?? []).filter((field) => field in selectableFields);
  }

  get watchers(): number {
    return this.#size;
  }

  /** Watchers that an event in a namespace ("" for none) concerns, and of an object that has a name already; without those of one node. */
  interested(namespace: string, name: string): number {
    if (this.#size === 0) return 0;
    const sizeOf = (key: string) => this.#buckets.get(key)?.size ?? 0;
    let count = sizeOf("all");
    if (namespace !== "") count += sizeOf(`ns:${namespace}`);
    if (name !== "") count += sizeOf(`name:${namespace}/${name}`);
    return count;
  }

  /**
   * Delivers everything after `revision`, until `signal` aborts.
   * @throws CompactedError when history does not reach back so far
   */
  async subscribe(subscriber: Subscriber, revision: number, signal: AbortSignal): Promise<void> {
    // The connection stays while someone is on the way in, or they would take a seat where nothing happens.
    this.#joining++;
    try {
      const subscription = this.#connected();
      await subscription.ready;
      if (signal.aborted) return;
      if (subscription !== this.#subscription) return subscriber.end(new Error("the watch of the store ended"));
      // What waits is sorted by the buckets there are: who comes now would miss it.
      this.#flush();
      if (revision >= this.#revision) this.#attach(subscriber, revision, signal);
      else await this.#catchUp(subscriber, subscription, revision, signal);
    } finally {
      this.#joining--;
      this.#leaveIfEmpty();
    }
  }

  /** Ends every watcher and the subscription. */
  close(): void {
    this.#disconnect(undefined);
  }

  #attach(subscriber: Subscriber, after: number, signal: AbortSignal): void {
    const { text } = subscriber.selection;
    const seat: Seat = {
      subscriber,
      after,
      sameAs: text === undefined ? undefined : `${subscriber.namespace}/${text}`,
    };
    const key = this.#bucketOf(subscriber);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Set();
      this.#buckets.set(key, bucket);
    }
    bucket.add(seat);
    this.#size++;
    if (subscriber.bookmarks) this.#scheduleBookmarks();
    signal.addEventListener("abort", () => this.#detach(key, seat), { once: true });
  }

  #detach(key: string, seat: Seat): void {
    const bucket = this.#buckets.get(key);
    if (!bucket?.delete(seat)) return;
    this.#size--;
    if (bucket.size === 0) this.#buckets.delete(key);
    this.#leaveIfEmpty();
  }

  #leaveIfEmpty(): void {
    if (this.#size === 0 && this.#joining === 0) this.#disconnect(undefined);
  }

  /** A watcher from the past reads the store's history by itself until it has caught up with the hub, then takes its seat, between two batches. */
  async #catchUp(
    subscriber: Subscriber,
    subscription: Subscription,
    revision: number,
    signal: AbortSignal,
  ): Promise<void> {
    const own = new AbortController();
    const stop = () => own.abort();
    signal.addEventListener("abort", stop, { once: true });
    const takeSeat = (after: number) => {
      signal.removeEventListener("abort", stop);
      own.abort();
      if (subscription === this.#subscription) this.#attach(subscriber, after, signal);
      // The hub's own watch broke meanwhile: what it missed, this watcher must not.
      else subscriber.end(new Error("the watch of the store ended"));
    };
    const history = new EventQueue(this.#registry, (events) => {
      if (own.signal.aborted) return;
      const wanted = events.flatMap((event) => deliveryFor(subscriber, new ResourceEvent(this.#registry, event)) ?? []);
      if (wanted.length > 0) subscriber.deliver(wanted);
      const reached = events.at(-1)!.revision;
      this.#flush();
      if (!own.signal.aborted && reached >= this.#revision) takeSeat(reached);
    });
    await this.#store.watch(this.#registry.prefix, {
      afterRevision: revision,
      signal: own.signal,
      onError: (error) => subscriber.end(error),
      onEvents: (events) => {
        const waiting = history.add(events);
        if (waiting !== undefined) waiting.catch((error: Error) => subscriber.end(error));
      },
    });
    if (history.waiting) await history.settled();
    // All of the history is out, and none of it was of this resource since the hub's last event.
    this.#flush();
    if (!own.signal.aborted) takeSeat(this.#delivered);
  }

  #connected(): Subscription {
    this.#subscription ??= this.#connect();
    return this.#subscription;
  }

  #connect(): Subscription {
    const abort = new AbortController();
    this.#revision = this.#store.revision;
    const queue = new EventQueue(this.#registry, (events) => {
      if (!abort.signal.aborted) this.#onEvents(events);
    });
    this.#queue = queue;
    const ready = this.#store.watch(this.#registry.prefix, {
      afterRevision: this.#revision,
      signal: abort.signal,
      onEvents: (events) => {
        const waiting = queue.add(events);
        if (waiting !== undefined) waiting.catch((error: Error) => this.#disconnect(error));
      },
      onError: (error) => this.#disconnect(error),
    });
    ready.catch(() => {
      // Whoever asked for the connection gets the error; the next one tries again.
      if (this.#subscription?.abort === abort) this.#subscription = undefined;
    });
    return { abort, ready };
  }

  #disconnect(error: Error | undefined): void {
    this.#flush();
    const seats = [...this.#buckets.values()].flatMap((bucket) => [...bucket]);
    this.#buckets.clear();
    this.#size = 0;
    this.#bookmarkTimer?.cancel();
    this.#bookmarkTimer = undefined;
    this.#subscription?.abort.abort();
    this.#subscription = undefined;
    for (const { subscriber } of seats) subscriber.end(error);
  }

  /** How many events have been handed out. */
  get dispatched(): number {
    return this.#dispatched;
  }

  #onEvents(events: readonly StoreEvent[]): void {
    this.#dispatched += events.length;
    for (const source of events) {
      try {
        this.#sort(new ResourceEvent(this.#registry, source), this.#waiting);
      } catch (error) {
        // A value in the store that cannot be read must not take the other watchers down.
        this.#logger.error("an event could not be delivered", { key: source.entry.key, err: error });
      }
    }
    this.#waitingRevision = events.at(-1)!.revision;
    if (this.#size < crowd) return this.#flush();
    const wait = this.#flushedAt + Math.min(this.#size * crowdMsEach, crowdMsMost) - this.#clock.monotonic();
    if (wait <= 0) this.#flush();
    else this.#flushTimer ??= this.#clock.setTimeout(() => this.#flush(), wait);
  }

  /** Hands out what has come. */
  #flush(): void {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    if (this.#waitingRevision <= this.#revision) return;
    this.#revision = this.#waitingRevision;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [key, concerned] of waiting) this.#serve(key, concerned);
    if (this.#size >= crowd) this.#flushedAt = this.#clock.monotonic();
  }

  /** Which buckets an event is for. */
  #sort(event: ResourceEvent, byBucket: Map<string, ResourceEvent[]>): void {
    if (this.#size === 0) return;
    const add = (key: string) => {
      if (!this.#buckets.has(key)) return;
      const concerned = byBucket.get(key);
      if (concerned === undefined) byBucket.set(key, [event]);
      else concerned.push(event);
    };
    add("all");
    if (event.namespace !== "") add(`ns:${event.namespace}`);
    add(`name:${event.namespace}/${event.name}`);
    if (event.namespace !== "") add(`name:/${event.name}`);
    for (const field of this.#hot) {
      const now = this.#fieldOf(field, event.current);
      const before = this.#fieldOf(field, event.previous);
      if (now !== undefined) add(`${field}:${now}`);
      if (before !== undefined && before !== now) add(`${field}:${before}`);
    }
  }

  #serve(key: string, events: readonly ResourceEvent[]): void {
    /** Looked at once for all who select the same. */
    const shared = new Map<string, readonly Delivery[]>();
    for (const { subscriber, after, sameAs } of this.#buckets.get(key) ?? []) {
      const fresh = events[0]!.revision > after ? events : events.filter(({ revision }) => revision > after);
      if (fresh.length === 0) continue;
      try {
        const common = fresh === events ? sameAs : undefined;
        const known = common === undefined ? undefined : shared.get(common);
        const wanted = known ?? deliveriesFor(subscriber, fresh);
        if (known === undefined && common !== undefined) shared.set(common, wanted);
        if (wanted.length > 0) subscriber.deliver(wanted);
      } catch (error) {
        // One watcher's selector or form that chokes on an object is not the others' affair.
        this.#logger.error("an event could not be delivered to a watcher", { bucket: key, err: error });
        subscriber.end(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  #fieldOf(field: string, served: ServedObject | undefined): string | undefined {
    return served?.field(field, this.#registry.definition.selectableFields[field]!);
  }

  #bucketOf({ namespace, selection }: Subscriber): string {
    for (const field of this.#hot) {
      const value = selection.requiredField(field);
      if (value !== undefined) return `${field}:${value}`;
    }
    const name = selection.requiredField("metadata.name");
    if (name !== undefined) return `name:${namespace}/${name}`;
    return namespace === "" ? "all" : `ns:${namespace}`;
  }

  /** Everything up to here is out: all there is, unless events wait to be converted. */
  get #delivered(): number {
    return this.#queue?.waiting === true ? this.#revision : Math.max(this.#revision, this.#store.revision);
  }

  #scheduleBookmarks(): void {
    this.#bookmarkTimer ??= this.#clock.setTimeout(() => this.#sendBookmarks(), bookmarkIntervalMs, { unref: true });
  }

  #sendBookmarks(): void {
    this.#bookmarkTimer = undefined;
    this.#flush();
    // The store's events are delivered synchronously: outside of a delivery, all up to its revision are out.
    const revision = this.#delivered;
    const bookmark = bookmarkAt(this.#registry, revision);
    let wanted = false;
    for (const bucket of this.#buckets.values()) {
      for (const { subscriber, after } of bucket) {
        if (!subscriber.bookmarks) continue;
        wanted = true;
        if (after <= revision) subscriber.deliver([bookmark]);
      }
    }
    if (wanted) this.#scheduleBookmarks();
  }
}

export function bookmarkAt(registry: Registry, revision: number, annotations?: Record<string, string>): Delivery {
  const { kind } = registry.definition;
  return {
    type: "BOOKMARK",
    object: {
      kind,
      apiVersion: registry.apiVersion,
      metadata: { resourceVersion: String(revision), ...(annotations === undefined ? {} : { annotations }) },
    },
  };
}

function deliveriesFor(subscriber: Subscriber, events: readonly ResourceEvent[]): Delivery[] {
  const wanted: Delivery[] = [];
  for (const event of events) {
    const delivery = deliveryFor(subscriber, event);
    if (delivery !== undefined) wanted.push(delivery);
  }
  return wanted;
}

function deliveryFor({ namespace, selection }: Subscriber, event: ResourceEvent): Delivery | undefined {
  if (namespace !== "" && namespace !== event.namespace) return undefined;
  const before = event.existed && (selection.empty || selection.matches(event.previous!));
  const after = event.exists && (selection.empty || selection.matches(event.current!));
  return event.delivery(before, after);
}
