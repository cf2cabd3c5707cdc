/**
 * The store over a {@link WriteLog}: everything that is present is in memory, indexed; the log is written before anything is visible and read
 * only at start and for history older than the ring of recent events.
 */

import { type Logger, silentLogger } from "@kubets/apimachinery";
import { EntryIndex } from "./entry-index.ts";
import { EventRing, type EventRingLimits } from "./event-ring.ts";
import { emptyRevision, type HistoryRecord, type WriteLog } from "./log.ts";
import {
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type ReadOptions,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
  type WatchOptions,
  type Write,
} from "./store.ts";
import { deletedOf, type EntryReading, storedEntry } from "./stored-entry.ts";
import { isSealedAsNow, type ValueTransformer } from "./value-transformer.ts";
import { type LoadedState, WatchCache } from "./watch-cache.ts";
import { WriteQueue } from "./write-queue.ts";

export interface LoggedStoreOptions {
  readonly log: WriteLog;
  readonly logger?: Logger;
  readonly loaded?: LoadedState;
  readonly ringLimits?: EventRingLimits;
  /** Between the log, which has values as it encodes them, and everyone else. */
  readonly transformer?: ValueTransformer | undefined;
  /** What is in the log up to this revision was written by a program whose defaults were others. Default 0: nothing. */
  readonly foreignThrough?: number;
  /** See {@link Store.sizeBytes}. */
  readonly sizeBytes?: (() => Promise<number>) | undefined;
}

const historyPage = 1000;

export class LoggedStore implements Store {
  readonly expiresKeys = false;
  readonly #log: WriteLog;
  readonly #cache: WatchCache;
  readonly #queue: WriteQueue;
  readonly #transformer: ValueTransformer | undefined;
  readonly sizeBytes?: () => Promise<number>;
  #compaction: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: LoggedStoreOptions) {
    const { log, logger = silentLogger, loaded, ringLimits, transformer, foreignThrough = 0, sizeBytes } = options;
    const reading: EntryReading = { transformer, foreignThrough };
    if (sizeBytes !== undefined) this.sizeBytes = sizeBytes;
    this.#log = log;
    this.#transformer = transformer;
    const cache = new WatchCache({
      loaded: loaded ?? emptyState(ringLimits),
      keepsHistory: log.keepsHistory,
      history: async (after, before) => {
        const records = await log.history(after, before, historyPage);
        return records.map((record) => eventOfRecord(record, reading));
      },
      assertOpen: () => this.#assertOpen(),
    });
    this.#cache = cache;
    this.#queue = new WriteQueue({
      revision: cache.revision,
      committed: (key) => cache.get(key),
      append: (batch) => log.append(batch),
      transformer,
      apply: (events) => cache.apply(events),
      onFailure: (err, writes) => logger.error("Writes failed", { err, writes }),
    });
    transformer?.onChange?.(() =>
      cache.reread((entry) => storedEntry(reading, { ...entry, revision: entry.modRevision }, entry.value)),
    );
  }

  get revision(): number {
    return this.#cache.revision;
  }

  get compactedRevision(): number {
    return this.#cache.compactedRevision;
  }

  async get(key: string, options?: ReadOptions): Promise<Entry | undefined> {
    this.#assertOpen();
    if (options?.atLeast !== undefined) this.#assertReached(options.atLeast);
    return this.#cache.get(key);
  }

  isCurrent(entry: Entry): boolean {
    return isSealedAsNow(this.#transformer, entry);
  }

  async count(prefix: string): Promise<number> {
    this.#assertOpen();
    return this.#cache.count(prefix);
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    if (options.atLeast !== undefined) this.#assertReached(options.atLeast);
    return this.#cache.list(prefix, options);
  }

  async commit(write: Write): Promise<Entry> {
    this.#assertOpen();
    return this.#queue.submit(write);
  }

  async watch(prefix: string, options: WatchOptions): Promise<void> {
    this.#assertOpen();
    await this.#cache.watch(prefix, options);
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    this.#assertReached(revision);
    if (revision <= this.compactedRevision) return;
    this.#cache.forgetBefore(revision);
    // One after the other: a log takes a long compaction in steps, and steps of two would mingle.
    const compaction = this.#compaction.then(() => this.#log.compact(revision));
    this.#compaction = compaction.catch(() => {}); // Its caller hears of the failure; the next compaction makes up for it.
    await compaction;
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  async #shutDown(): Promise<void> {
    await this.#queue.idle();
    await this.#compaction;
    await this.#log.close();
    this.#cache.close(new StoreUnavailableError("the store was closed"));
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new StoreUnavailableError("the store is closed");
  }

  #assertReached(revision: number): void {
    if (revision > this.revision) throw new FutureRevisionError(revision, this.revision);
  }
}

function emptyState(ringLimits?: EventRingLimits): LoadedState {
  return {
    revision: emptyRevision,
    compactedRevision: emptyRevision,
    index: new EntryIndex(),
    ring: new EventRing(emptyRevision, ringLimits),
  };
}

/** The event a record stands for. */
function eventOfRecord(record: HistoryRecord, reading: EntryReading): StoreEvent {
  const { key, revision, previousRevision, previousValue, previousCreateRevision, value } = record;
  const before = { key, revision: previousRevision, createRevision: previousCreateRevision };
  const previous = previousValue === undefined ? undefined : storedEntry(reading, before, previousValue);
  if (value !== undefined) return { type: "put", entry: storedEntry(reading, record, value), previous, revision };
  return { type: "delete", entry: deletedOf(record, previous), previous, revision };
}
