/**
 * Keeps a watch cache equal to an etcd: one watch, begun again where it broke off; when what happened meanwhile was compacted away, the difference
 * between what is cached and what is there, as events.
 */

import type { Clock, Logger } from "@kubets/apimachinery";
import type { Entry, StoreEvent } from "../store.ts";
import { deletedEntry } from "../stored-entry.ts";
import type { WatchCache } from "../watch-cache.ts";
import type { EtcdClient } from "./client.ts";
import type { KeySpace } from "./keys.ts";
import { readSnapshot } from "./snapshot.ts";
import type { Translator } from "./translator.ts";
import type { EtcdEvent } from "./types.ts";
import { WatchCompacted, WatchStream } from "./watch-stream.ts";

export interface FeedOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly cache: WatchCache;
  readonly translator: Translator;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a member of this version answers progress requests only when all up to there is out. */
  readonly trustsProgress?: ((version: string) => boolean) | undefined;
  /** The cache has come further. */
  readonly onAdvance: () => void;
}

const firstDelayMs = 20;
const mostDelayMs = 1000;

export class Feed {
  readonly #options: FeedOptions;
  #stream: WatchStream | undefined;
  /** The member answers progress requests only when all up to there is out. */
  #trustsProgress = false;
  #nudging: Promise<void> | undefined;
  #leaps = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** How often events were missed, and made up from the difference. */
  get leaps(): number {
    return this.#leaps;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, client, cache } = this.#options;
    const stop = () => this.#stream?.cancel();
    signal.addEventListener("abort", stop, { once: true });
    let delayMs = firstDelayMs;
    let told = false;
    while (!signal.aborted) {
      const from = cache.revision;
      const { channel } = client;
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof WatchCompacted) await this.#leap(error.compactRevision, signal);
        else {
          // Once for each time that it was whole.
          const tell = told && cache.revision === from ? "debug" : "warn";
          logger[tell]("The watch of etcd broke", { endpoint: channel.endpoint, revision: cache.revision, err: error });
          told = true;
          client.passOver(channel);
        }
      }
      delayMs = cache.revision > from ? firstDelayMs : Math.min(delayMs * 2, mostDelayMs);
      await clock.sleep(delayMs, signal).catch(() => {});
    }
  }

  /** Makes sure that the cache will reach what was etcd's newest revision when this was called, also when none of our keys was written since. */
  nudge(): Promise<void> {
    this.#nudging ??= this.#nudge().finally(() => {
      this.#nudging = undefined;
    });
    return this.#nudging;
  }

  /** The watch seems to hang: another member's turn. */
  restart(): void {
    const { client } = this.#options;
    client.passOver(client.channel);
    this.#stream?.cancel();
  }

  async #nudge(): Promise<void> {
    if (this.#trustsProgress) this.#stream?.askProgress();
    else await this.fence();
  }

  /** Writes a key of no meaning. Events come in order: when this one has come, all before it have. */
  async fence(): Promise<void> {
    const { client, keys } = this.#options;
    await client.call("KV.Put", { key: Buffer.from(keys.fence), value: Buffer.alloc(0) });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { client, keys, cache, trustsProgress = answersProgressInOrder } = this.#options;
    const { channel } = client;
    this.#trustsProgress = false;
    const stream = new WatchStream({
      channel,
      keys,
      startRevision: cache.revision + 1,
      onEvents: (events) => this.#onEvents(events),
      onProgress: (revision, asked) => {
        if (!asked || this.#trustsProgress) this.#advance(revision);
      },
    });
    this.#stream = stream;
    if (signal.aborted) stream.cancel();
    channel.call("Maintenance.Status", {}, 5000).then(
      ({ version }) => {
        if (this.#stream === stream) this.#trustsProgress = trustsProgress(version);
      },
      () => {}, // The watch itself will tell.
    );
    try {
      await stream.ended;
    } finally {
      this.#stream = undefined;
    }
  }

  #onEvents(received: readonly EtcdEvent[]): void {
    const { cache, translator, keys } = this.#options;
    const events: StoreEvent[] = [];
    const changed = new Map<string, Entry | undefined>();
    for (const source of received) {
      const etcdKey = source.kv.key.toString();
      if (source.kv.modRevision <= cache.revision || etcdKey === keys.fence) continue;
      const key = keys.fromEtcd(etcdKey);
      const event = translator.event(source, changed.has(key) ? changed.get(key) : cache.get(key));
      if (event === undefined) continue;
      changed.set(key, event.type === "put" ? event.entry : undefined);
      events.push(event);
    }
    if (events.length > 0) cache.apply(events);
    this.#advance(received.at(-1)!.kv.modRevision);
  }

  #advance(revision: number): void {
    this.#options.cache.advance(revision);
    this.#options.onAdvance();
  }

  async #leap(compactRevision: number, signal: AbortSignal): Promise<void> {
    const { client, keys, cache, translator, logger, onAdvance } = this.#options;
    const before = cache.revision;
    try {
      const { revision, kvs } = await readSnapshot(client, keys);
      if (signal.aborted) return;
      const events = difference(
        cache,
        translator,
        kvs.map((kv) => translator.entry(kv)),
        revision,
      );
      logger.warn("Events of etcd were compacted before they were read; made up from what is there", {
        before,
        revision,
        events: events.length,
      });
      this.#leaps++;
      cache.leap(events, revision);
      cache.forgetBefore(compactRevision);
      onAdvance();
    } catch (err) {
      logger.warn("etcd could not be read", { err });
    }
  }
}

/** What must have happened between what is cached and what is there, in the order of revisions. A deletion's is unknown: the latest it can have been. */
function difference(
  cache: WatchCache,
  translator: Translator,
  present: readonly Entry[],
  revision: number,
): StoreEvent[] {
  const events: StoreEvent[] = [];
  const gone = (previous: Entry, at: number) => {
    const pending = translator.pending.get(previous.key);
    const event: StoreEvent = { type: "delete", entry: deletedEntry(previous, at), previous, revision: at };
    if (pending !== undefined && pending.stored === undefined) pending.seen = event;
    events.push(event);
  };
  const keys = new Set<string>();
  for (const entry of present) {
    keys.add(entry.key);
    let previous = cache.get(entry.key);
    if (previous?.modRevision === entry.modRevision) continue;
    if (previous !== undefined && previous.modRevision < entry.createRevision) {
      gone(previous, entry.createRevision - 1);
      previous = undefined;
    }
    events.push({ type: "put", entry, previous, revision: entry.modRevision });
  }
  for (const entry of cache.all()) if (!keys.has(entry.key)) gone(entry, revision);
  return events.sort((a, b) => a.revision - b.revision);
}

/** https://github.com/etcd-io/etcd/issues/15220: before, an answer could overtake events. */
export function answersProgressInOrder(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}
