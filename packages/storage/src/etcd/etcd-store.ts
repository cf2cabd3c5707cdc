/**
 * The store that several API servers share: an etcd, behind a cache that one watch keeps. Reads come from the cache, after asking etcd how new it must be;
 * writes go to etcd, and are answered when the cache has them.
 */

import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { EntryIndex } from "../entry-index.ts";
import { EventRing, type EventRingLimits } from "../event-ring.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type ReadOptions,
  type Store,
  StoreUnavailableError,
  type WatchOptions,
  type Write,
} from "../store.ts";
import { isSealedAsNow, type ValueTransformer } from "../value-transformer.ts";
import { WatchCache } from "../watch-cache.ts";
import type { EtcdClient } from "./client.ts";
import { compactTo, takeCompactionTurns } from "./compaction-turns.ts";
import { EtcdError, storeError } from "./errors.ts";
import { Feed } from "./feed.ts";
import { Freshness } from "./freshness.ts";
import { oldestRevision, readHistory } from "./history.ts";
import { endOfPrefix, type KeySpace } from "./keys.ts";
import { Leases } from "./leases.ts";
import { readSnapshot } from "./snapshot.ts";
import type { StoredForm } from "./stored-form.ts";
import { Translator } from "./translator.ts";
import { Writer } from "./writer.ts";

export interface EtcdStoreParts {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly form: StoredForm;
  readonly transformer: ValueTransformer | undefined;
  readonly ringLimits: EventRingLimits;
  /** @see FeedOptions.trustsProgress */
  readonly trustsProgress?: (version: string) => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How long the watch may take to bring a revision that a reader has heard of elsewhere, before etcd is asked whether there is such a one. */
const settleMs = 20;

export class EtcdStore implements Store {
  readonly expiresKeys = true;
  readonly #parts: EtcdStoreParts;
  readonly #translator: Translator;
  readonly #cache: WatchCache;
  readonly #freshness: Freshness;
  readonly #writer: Writer;
  readonly #stop = new AbortController();
  readonly #feeding: Promise<void>;
  #closed: Promise<void> | undefined;

  /** @throws StoreUnavailableError */
  static async open(parts: EtcdStoreParts): Promise<EtcdStore> {
    const { client, keys, ringLimits } = parts;
    try {
      const translator = new Translator(parts);
      const { revision, kvs } = await readSnapshot(client, keys);
      const index = new EntryIndex();
      for (const kv of kvs) index.put(translator.entry(kv));
      const oldest = await oldestRevision(client, keys, revision);
      return new EtcdStore(parts, translator, { revision, oldest, index, ring: new EventRing(revision, ringLimits) });
    } catch (error) {
      throw storeError(error);
    }
  }

  private constructor(
    parts: EtcdStoreParts,
    translator: Translator,
    { revision, oldest, index, ring }: { revision: number; oldest: number; index: EntryIndex; ring: EventRing },
  ) {
    this.#parts = parts;
    this.#translator = translator;
    const { client, keys, clock, logger, random, trustsProgress } = parts;
    const cache = new WatchCache({
      loaded: { revision, compactedRevision: oldest, index, ring },
      keepsHistory: true,
      history: (after, before) => readHistory({ client, keys, translator, clock, feed: () => feed }, after, before),
      assertOpen: () => this.#assertOpen(),
    });
    const freshness = new Freshness({ client, cache, clock, keys, feed: () => feed });
    const onAdvance = () => freshness.onAdvance();
    const feed: Feed = new Feed({ client, keys, cache, translator, clock, logger, trustsProgress, onAdvance });
    const leases = new Leases(client, clock, random);
    this.#writer = new Writer({ client, keys, cache, translator, freshness, feed, leases });
    parts.transformer?.onChange?.(() => cache.reread((entry) => translator.reread(entry)));
    this.#cache = cache;
    this.#freshness = freshness;
    this.#feeding = feed.run(this.#stop.signal);
  }

  get revision(): number {
    return this.#cache.revision;
  }

  get compactedRevision(): number {
    return this.#cache.compactedRevision;
  }

  async get(key: string, { atLeast }: ReadOptions = {}): Promise<Entry | undefined> {
    this.#assertOpen();
    if (await this.#isFresh(atLeast)) return this.#cache.get(key);
    const { client, keys } = this.#parts;
    const { kvs } = await this.#reading(() => client.call("KV.Range", { key: Buffer.from(keys.toEtcd(key)) }));
    return kvs[0] === undefined ? undefined : this.#translator.entry(kvs[0]);
  }

  async sizeBytes(): Promise<number> {
    return (await this.#parts.client.call("Maintenance.Status", {})).dbSize;
  }

  isCurrent(entry: Entry): boolean {
    return isSealedAsNow(this.#parts.transformer, entry);
  }

  async count(prefix: string): Promise<number> {
    this.#assertOpen();
    return this.#cache.count(prefix);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const { revision, atLeast } = options;
    if (!(await this.#isFresh(revision ?? atLeast))) return await this.#listBelow(prefix, options);
    if (revision !== undefined) {
      this.#cache.assertHeld(revision);
      if (!this.#cache.holds(revision)) return await this.#listBelow(prefix, options);
    }
    return await this.#cache.list(prefix, options);
  }

  async commit(write: Write): Promise<Entry> {
    this.#assertOpen();
    return await this.#writer.commit(write);
  }

  async watch(prefix: string, options: WatchOptions): Promise<void> {
    this.#assertOpen();
    await this.#reading(() => this.#cache.watch(prefix, options));
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision > this.revision) throw new FutureRevisionError(revision, this.revision);
    if (revision <= this.compactedRevision) return;
    await this.#reading(() => compactTo(this.#parts.client, revision));
    this.#cache.forgetBefore(revision);
  }

  async compactByTurns(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { client, clock, logger } = this.#parts;
    const onCompacted = (revision: number) => this.#cache.forgetBefore(Math.min(revision, this.revision));
    await takeCompactionTurns({ client, clock, logger, onCompacted }, intervalMs, signal);
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    await this.#writer.idle();
    this.#stop.abort();
    await this.#feeding;
    this.#freshness.close();
    this.#parts.client.close();
    this.#cache.close(new StoreUnavailableError("the store was closed"));
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new StoreUnavailableError("the store is closed");
  }

  /** Whether the cache is as new as was asked for; where it is not, etcd is to be asked itself. @throws FutureRevisionError */
  async #isFresh(atLeast: number | undefined): Promise<boolean> {
    if (atLeast !== undefined && atLeast <= this.revision) return true;
    return await this.#reading(async () => {
      if (atLeast === undefined) return await this.#freshness.confirm();
      if (await this.#freshness.settled(atLeast, settleMs)) return true;
      const current = await this.#freshness.current();
      if (atLeast > current) throw new FutureRevisionError(atLeast, current);
      return await this.#freshness.reach(atLeast);
    });
  }

  async #listBelow(prefix: string, { limit, after, revision }: ListOptions): Promise<ListResult> {
    const { client, keys } = this.#parts;
    const from = after === undefined || after < prefix ? keys.toEtcd(prefix) : `${keys.toEtcd(after)}\0`;
    const { kvs, count, header } = await this.#reading(() =>
      client.call("KV.Range", {
        key: Buffer.from(from),
        rangeEnd: endOfPrefix(keys.toEtcd(prefix)),
        limit: limit ?? 0,
        revision: revision ?? 0,
      }),
    ).catch((error: unknown) => {
      if (!(error instanceof EtcdError) || !error.isCompacted) throw error;
      throw new CompactedError(revision ?? 0, this.compactedRevision);
    });
    const shown = kvs.filter((kv) => kv.key.toString() !== keys.fence);
    const entries = shown.map((kv) => this.#translator.entry(kv));
    return { entries, revision: revision ?? header.revision, remaining: count - kvs.length };
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw storeError(error);
    }
  }
}
