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
import { type LoadedState, WatchCache } from "./watch-cache.ts";
import { WriteQueue } from "./write-queue.ts";

export interface LoggedStoreOptions {
  readonly log: WriteLog;
  readonly logger?: Logger;
  readonly loaded?: LoadedState;
  readonly ringLimits?: EventRingLimits;
}

const historyPage = 1000;

export class LoggedStore implements Store {
  readonly expiresKeys = false;
  readonly #log: WriteLog;
  readonly #cache: WatchCache;
  readonly #queue: WriteQueue;
  #compaction: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ log, logger = silentLogger, loaded, ringLimits }: LoggedStoreOptions) {
    this.#log = log;
    const cache = new WatchCache({
      loaded: loaded ?? emptyState(ringLimits),
      keepsHistory: log.keepsHistory,
      history: async (after, before) => (await log.history(after, before, historyPage)).map(eventOfRecord),
      assertOpen: () => this.#assertOpen(),
    });
    this.#cache = cache;
    this.#queue = new WriteQueue({
      revision: cache.revision,
      committed: (key) => cache.get(key),
      append: (batch) => log.append(batch),
      apply: (events) => cache.apply(events),
      onFailure: (err, writes) => logger.error("Writes failed", { err, writes }),
    });
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
export function eventOfRecord(record: HistoryRecord): StoreEvent {
  const { key, revision, createRevision, previousRevision, previousValue, previousCreateRevision, value } = record;
  const previous: Entry | undefined =
    previousValue === undefined
      ? undefined
      : {
          key,
          value: previousValue,
          createRevision: previousCreateRevision,
          modRevision: previousRevision,
          memo: undefined,
        };
  const bytes = value ?? previousValue ?? new Uint8Array();
  const entry: Entry = { key, value: bytes, createRevision, modRevision: revision, memo: undefined };
  return { type: value === undefined ? "delete" : "put", entry, previous, revision };
}
