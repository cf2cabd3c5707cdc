/**
 * The store over a {@link WriteLog}: everything that is present is in memory, indexed; the log is written before anything is visible and read
 * only at start and for history older than the ring of recent events.
 */

import { type Logger, silentLogger } from "@kubets/apimachinery";
import { EntryIndex } from "./entry-index.ts";
import { EventRing, type EventRingLimits } from "./event-ring.ts";
import { emptyRevision, type HistoryRecord, type WriteLog } from "./log.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type Store,
  type StoreEvent,
  StoreUnavailableError,
  type WatchOptions,
  type Write,
} from "./store.ts";
import { WatchHub } from "./watch-hub.ts";
import { WriteQueue } from "./write-queue.ts";

/** What was there when the log was opened. */
export interface LoadedState {
  readonly revision: number;
  readonly compactedRevision: number;
  readonly index: EntryIndex;
  readonly ring: EventRing;
}

export interface LoggedStoreOptions {
  readonly log: WriteLog;
  readonly logger?: Logger;
  readonly loaded?: LoadedState;
  readonly ringLimits?: EventRingLimits;
}

/** Pictures of the past kept for the next page of a list. One that was let go is made again from the events since. */
const maxSnapshots = 8;

const historyPage = 1000;

export class LoggedStore implements Store {
  readonly #log: WriteLog;
  readonly #logger: Logger;
  readonly #index: EntryIndex;
  readonly #ring: EventRing;
  readonly #hub = new WatchHub();
  readonly #queue: WriteQueue;
  /** By revision, oldest use first. */
  readonly #snapshots = new Map<number, EntryIndex>();
  #revision: number;
  #compactedRevision: number;
  #compaction: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ log, logger = silentLogger, loaded, ringLimits }: LoggedStoreOptions) {
    this.#log = log;
    this.#logger = logger;
    this.#revision = loaded?.revision ?? emptyRevision;
    this.#compactedRevision = loaded?.compactedRevision ?? emptyRevision;
    this.#index = loaded?.index ?? new EntryIndex();
    this.#ring = loaded?.ring ?? new EventRing(this.#revision, ringLimits);
    this.#queue = new WriteQueue({
      revision: this.#revision,
      committed: (key) => this.#index.get(key),
      append: (batch) => log.append(batch),
      apply: (events) => this.#apply(events),
      onFailure: (err, writes) => this.#logger.error("Writes failed", { err, writes }),
    });
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    return this.#index.get(key);
  }

  async count(prefix: string): Promise<number> {
    this.#assertOpen();
    return this.#index.count(prefix);
  }

  async list(prefix: string, { limit, after, revision }: ListOptions = {}): Promise<ListResult> {
    this.#assertOpen();
    const isPresent = revision === undefined || revision === this.#revision;
    const at = revision ?? this.#revision;
    const index = isPresent ? this.#index : await this.#snapshotAt(at);
    const page = index.list(prefix, after, limit);
    if (isPresent && page.remaining > 0) this.#keepSnapshot(at, this.#snapshots.get(at) ?? index.snapshot());
    return { ...page, revision: at };
  }

  async commit(write: Write): Promise<Entry> {
    this.#assertOpen();
    return this.#queue.submit(write);
  }

  async watch(prefix: string, options: WatchOptions): Promise<void> {
    this.#assertOpen();
    const { signal, onEvents, onError } = options;
    let after = options.afterRevision;
    this.#assertHeld(after);
    while (after < this.#ring.floor) {
      const page = await this.#history(after, this.#ring.floor + 1);
      if (signal.aborted) return;
      this.#assertHeld(after);
      this.#assertOpen();
      const wanted = page.filter(({ entry }) => entry.key.startsWith(prefix));
      if (wanted.length > 0) onEvents(wanted);
      after = page.at(-1)?.revision ?? this.#ring.floor;
    }
    if (signal.aborted) return;
    const recent = this.#ring.after(after).filter(({ entry }) => entry.key.startsWith(prefix));
    if (recent.length > 0) onEvents(recent);
    if (signal.aborted) return;
    const remove = this.#hub.add({ prefix, afterRevision: Math.max(after, this.#revision), onEvents, onError });
    signal.addEventListener("abort", remove, { once: true });
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen();
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    if (revision <= this.#compactedRevision) return;
    this.#forgetBefore(revision);
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
    this.#hub.fail(new StoreUnavailableError("the store was closed"));
    this.#snapshots.clear();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new StoreUnavailableError("the store is closed");
  }

  #assertHeld(revision: number): void {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#index.apply(event);
      this.#ring.push(event);
    }
    this.#revision = events.at(-1)!.revision;
    if (!this.#log.keepsHistory && this.#ring.floor > this.#compactedRevision) this.#forgetBefore(this.#ring.floor);
    this.#hub.deliver(events);
  }

  #forgetBefore(revision: number): void {
    this.#compactedRevision = revision;
    this.#ring.compact(revision);
    for (const held of [...this.#snapshots.keys()]) if (held < revision) this.#snapshots.delete(held);
  }

  #keepSnapshot(revision: number, snapshot: EntryIndex): void {
    this.#snapshots.delete(revision);
    this.#snapshots.set(revision, snapshot);
    if (this.#snapshots.size > maxSnapshots) this.#snapshots.delete(this.#snapshots.keys().next().value!);
  }

  /** The index as it was at a past revision: kept, or made from the present by taking back the events since. */
  async #snapshotAt(revision: number): Promise<EntryIndex> {
    this.#assertHeld(revision);
    if (revision > this.#revision) throw new FutureRevisionError(revision, this.#revision);
    const kept = this.#snapshots.get(revision);
    if (kept !== undefined) {
      this.#keepSnapshot(revision, kept);
      return kept;
    }
    const present = this.#index.snapshot();
    const since = this.#ring.after(Math.max(revision, this.#ring.floor));
    const older: StoreEvent[] = [];
    const until = this.#ring.floor + 1;
    for (let after = revision; after < until - 1; after = older.at(-1)?.revision ?? until) {
      older.push(...(await this.#history(after, until)));
      this.#assertHeld(revision);
    }
    for (const event of since.reverse()) present.undo(event);
    for (const event of older.reverse()) present.undo(event);
    this.#keepSnapshot(revision, present);
    return present;
  }

  async #history(after: number, before: number): Promise<StoreEvent[]> {
    return (await this.#log.history(after, before, historyPage)).map(eventOfRecord);
  }
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
