/**
 * What a store's readers read: everything that is present, indexed, in memory; the newest events; and who watches. Whatever lies beneath (a log, an
 * etcd) hands it events in the order of their revisions; revisions may have gaps, and one may have several events, which then come in one batch.
 */

import { pushAll } from "@kubets/apimachinery";
import type { EntryIndex } from "./entry-index.ts";
import type { EventRing } from "./event-ring.ts";
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type ListOptions,
  type ListResult,
  type StoreEvent,
  type WatchOptions,
} from "./store.ts";
import { WatchHub } from "./watch-hub.ts";

/** What was there at the start. */
export interface LoadedState {
  readonly revision: number;
  readonly compactedRevision: number;
  readonly index: EntryIndex;
  readonly ring: EventRing;
}

export interface WatchCacheOptions {
  readonly loaded: LoadedState;
  /** False: what is not in memory is lost, and the cache forgets as its ring of events wraps. */
  readonly keepsHistory: boolean;
  /** Events with `after < revision < before`, oldest first: some or all of them, never a part of a revision's. None: there are no more. */
  readonly history: (after: number, before: number) => Promise<readonly StoreEvent[]>;
  /** Throws when the store is closed. Asked after every wait. */
  readonly assertOpen: () => void;
}

/** Pictures of the past kept for the next page of a list. One that was let go is made again from the events since. */
const maxSnapshots = 8;

export class WatchCache {
  readonly #options: WatchCacheOptions;
  readonly #hub = new WatchHub();
  /** By revision, oldest use first. */
  readonly #snapshots = new Map<number, EntryIndex>();
  #index: EntryIndex;
  #ring: EventRing;
  #revision: number;
  #compactedRevision: number;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    const { revision, compactedRevision, index, ring } = options.loaded;
    this.#revision = revision;
    this.#compactedRevision = compactedRevision;
    this.#index = index;
    this.#ring = ring;
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  get(key: string): Entry | undefined {
    return this.#index.get(key);
  }

  all(): Entry[] {
    return this.#index.list("", undefined, undefined).entries;
  }

  count(prefix: string): number {
    return this.#index.count(prefix);
  }

  /** Whether a list at this revision needs nothing from below. */
  holds(revision: number): boolean {
    return revision >= this.#ring.floor || this.#snapshots.has(revision);
  }

  /** @throws CompactedError, FutureRevisionError for a past revision */
  async list(prefix: string, { limit, after, revision }: ListOptions): Promise<ListResult> {
    const isPresent = revision === undefined || revision === this.#revision;
    const at = revision ?? this.#revision;
    const index = isPresent ? this.#index : await this.#snapshotAt(at);
    const page = index.list(prefix, after, limit);
    if (isPresent && page.remaining > 0) this.#keepSnapshot(at, this.#snapshots.get(at) ?? index.snapshot());
    return { ...page, revision: at };
  }

  /** @see Store.watch */
  async watch(prefix: string, options: WatchOptions): Promise<void> {
    const { signal, onEvents, onError } = options;
    let after = options.afterRevision;
    this.assertHeld(after);
    while (after < this.#ring.floor) {
      const page = await this.#options.history(after, this.#ring.floor + 1);
      if (signal.aborted) return;
      this.assertHeld(after);
      this.#options.assertOpen();
      const wanted = page.filter(({ entry }) => entry.key.startsWith(prefix));
      if (wanted.length > 0) onEvents(wanted);
      if (signal.aborted) return;
      after = page.at(-1)?.revision ?? this.#ring.floor;
    }
    const recent = this.#ring.after(after).filter(({ entry }) => entry.key.startsWith(prefix));
    if (recent.length > 0) onEvents(recent);
    if (signal.aborted) return;
    const remove = this.#hub.add({ prefix, afterRevision: Math.max(after, this.#revision), onEvents, onError });
    signal.addEventListener("abort", remove, { once: true });
  }

  assertHeld(revision: number): void {
    if (revision < this.#compactedRevision) throw new CompactedError(revision, this.#compactedRevision);
  }

  /** Makes a batch visible, and tells it. */
  apply(events: readonly StoreEvent[]): void {
    for (const event of events) {
      this.#index.apply(event);
      this.#ring.push(event);
    }
    this.#revision = events.at(-1)!.revision;
    if (!this.#options.keepsHistory && this.#ring.floor > this.#compactedRevision) this.forgetBefore(this.#ring.floor);
    this.#hub.deliver(events);
  }

  /** Tries again what could not be read, in the present: the key for it may be at hand now. */
  reread(read: (entry: Entry) => Entry): void {
    for (const entry of this.all()) {
      if (entry.unreadable === undefined) continue;
      const again = read(entry);
      if (again.unreadable === undefined) this.#index.put(again);
    }
  }

  /** Nothing more will come up to `revision`. */
  advance(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** As {@link apply}, for a batch that stands for more than is known: what lies before it can no longer be told from memory. */
  leap(events: readonly StoreEvent[], revision: number): void {
    for (const event of events) this.#index.apply(event);
    this.#ring.compact(revision);
    this.#revision = revision;
    if (events.length > 0) this.#hub.deliver(events);
  }

  /** History before `revision` is gone. */
  forgetBefore(revision: number): void {
    this.#compactedRevision = Math.max(this.#compactedRevision, revision);
    this.#ring.compact(revision);
    for (const held of [...this.#snapshots.keys()]) if (held < revision) this.#snapshots.delete(held);
  }

  /** Ends every watch. */
  close(error: Error): void {
    this.#hub.fail(error);
    this.#snapshots.clear();
  }

  #keepSnapshot(revision: number, snapshot: EntryIndex): void {
    this.#snapshots.delete(revision);
    this.#snapshots.set(revision, snapshot);
    if (this.#snapshots.size > maxSnapshots) this.#snapshots.delete(this.#snapshots.keys().next().value!);
  }

  /** The index as it was at a past revision: kept, or made from the present by taking back the events since. */
  async #snapshotAt(revision: number): Promise<EntryIndex> {
    this.assertHeld(revision);
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
      const page = await this.#options.history(after, until);
      if (page.length === 0) break;
      pushAll(older, page);
      this.assertHeld(revision);
    }
    for (const event of since.reverse()) present.undo(event);
    for (const event of older.reverse()) present.undo(event);
    this.#keepSnapshot(revision, present);
    return present;
  }
}
