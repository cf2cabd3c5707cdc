/**
 * The store: a revisioned key-value store with watch. Keys are upstream's (`/registry/pods/default/web-0`), values opaque bytes.
 * One counter of revisions for all keys. Everything below holds for every implementation and is tested by `store-suite.ts`:
 *
 * - **Acknowledged means durable**: `commit` resolves after its batch is fsynced, and nothing is visible to any reader before that.
 * - **Conflicts are decided in the order of submission**, for each key, against committed and pending writes together. An engine of this process
 *   gives revisions in that order too; one that is shared with other processes gives each write the revision it gets.
 * - **Everyone sees the same order**: events reach every watcher in revision order, each once.
 * - **A list is a snapshot**: later pages at the same revision are consistent with the first.
 */

/** One key at one revision. Immutable, but for `memo`. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** The revision at which the key last came into being. */
  readonly createRevision: number;
  /** The revision of this value. */
  readonly modRevision: number;
  /** A place for whoever reads `value` to keep what they parsed from it; the store only carries it. */
  memo?: unknown;
  /** What the value is encrypted with, below; undefined where it lies there plain. See {@link Store.isCurrent}. */
  readonly seal?: string;
  /** Another program wrote it, or a version of this one that did not know all defaults: an object may lack some. */
  readonly foreign?: boolean;
  /** What lies below cannot be read (another's encoding, a lost key): why. `value` is then what lies there. */
  readonly unreadable?: Error;
}

/** One compare-and-swap: what must be there, and what is to be there then. */
export interface Write {
  readonly key: string;
  /**
   * What must be there for the write to happen: 0, the key is absent; n, the key is at modRevision n; undefined, anything.
   * @see ConflictError
   */
  readonly expectedRevision?: number;
  /**
   * Makes the value, given the revision it gets; undefined deletes the key. Called synchronously at submission. The revision is undefined where it is
   * known only after the commit: such an engine puts it into what it gives to readers itself (see `StoredForm`).
   */
  readonly value: ((revision: number | undefined) => MadeValue) | undefined;
  /** Where the engine {@link Store.expiresKeys}: it removes the key by itself about this long after the write. */
  readonly ttlSeconds?: number;
}

/** The bytes to store, and what their maker already knows of them. */
export interface MadeValue {
  readonly bytes: Uint8Array;
  readonly memo?: unknown;
  /** The memo, where the revision was not known when the bytes were made: called with the bytes that readers get. */
  readonly memoAt?: (revision: number, bytes: Uint8Array) => unknown;
}

/** How fresh an answer must be. */
export interface ReadOptions {
  /**
   * The answer may be of any revision from this one on, which spares a shared engine the question what its newest is; 0: what is at hand will do.
   * Undefined: it has everything that was acknowledged to anyone before the call. Throws {@link FutureRevisionError} when it is not reached soon.
   */
  readonly atLeast?: number;
}

/** Which page of a list, and of which moment. */
export interface ListOptions extends ReadOptions {
  /** At most this many entries; all when undefined. */
  readonly limit?: number;
  /** Only keys after this one (exclusive). */
  readonly after?: string;
  /** The snapshot to read; the present when undefined. Throws {@link CompactedError} when it is no longer held, {@link FutureRevisionError}. */
  readonly revision?: number;
}

/** A page, in the order of keys. */
export interface ListResult {
  readonly entries: readonly Entry[];
  /** The revision this is a picture of. */
  readonly revision: number;
  /** How many entries follow the last one. */
  readonly remaining: number;
}

/** One committed change of one key. */
export interface StoreEvent {
  readonly type: "put" | "delete";
  /** For a delete: the last value, with `modRevision` the revision of the deletion. */
  readonly entry: Entry;
  /** What was there before; undefined for a key that came into being. */
  readonly previous: Entry | undefined;
  readonly revision: number;
}

/** From where on to watch, who is told, and until when. */
export interface WatchOptions {
  /** Deliver events with a revision greater than this. Throws {@link CompactedError} when they are no longer held. */
  readonly afterRevision: number;
  readonly signal: AbortSignal;
  /** Called synchronously, batch by batch, history first; must not throw: one that does gets its error back by `onError` and nothing more. */
  readonly onEvents: (events: readonly StoreEvent[]) => void;
  /** The watch cannot go on (the engine is lost, history was compacted under it). Not called on abort. */
  readonly onError: (error: Error) => void;
}

/** The contract; its promises are at the head of this file. */
export interface Store {
  /** The newest committed revision that this store has heard of. */
  readonly revision: number;
  /** The oldest revision that `list` and `watch` can still be asked for. */
  readonly compactedRevision: number;
  /** The engine removes keys written with `ttlSeconds`, and is shared with other processes; where it is false, whoever cares sweeps. */
  readonly expiresKeys: boolean;
  get(key: string, options?: ReadOptions): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /** False when what is stored of an entry is not as it would be today (an older encryption key): an update that changes nothing is to be written all the same. */
  isCurrent(entry: Entry): boolean;
  /** Number of keys with the prefix. */
  count(prefix: string): Promise<number>;
  /**
   * One compare-and-swap. Resolves, once durable, with the new entry (for a delete: as {@link StoreEvent.entry} says).
   * @throws ConflictError when the expectation does not hold, and for the deletion of a key that is not there
   * @throws StoreUnavailableError when the write could not be made durable (full or read-only disk); nothing was changed
   */
  commit(write: Write): Promise<Entry>;
  watch(prefix: string, options: WatchOptions): Promise<void>;
  /** The store that keys with this prefix are kept in, where not all are kept in one: its `revision` is theirs. */
  partOf?(prefix: string): Store;
  /** Forgets history before `revision`, which must not be in the future. Older than {@link compactedRevision}: nothing happens. */
  compact(revision: number): Promise<void>;
  /** For engines that several processes share: compacts by turns with them, until `signal` aborts; never rejects. */
  readonly compactByTurns?: ((intervalMs: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Bytes that the database takes on its disk; absent where there is none. */
  sizeBytes?(): Promise<number>;
  /** Waits for pending writes, then lets go of everything. */
  close(): Promise<void>;
}

/** The key was not as the write expected. */
export class ConflictError extends Error {
  /** What is there; undefined when nothing is. It may not be durable yet: read again, do not answer with it. */
  readonly current: Entry | undefined;

  /** @param expected undefined for the deletion of whatever is there, when nothing is */
  constructor(key: string, expected: number | undefined, current: Entry | undefined) {
    super(`${key}: expected revision ${expected ?? "any"}, found ${current?.modRevision ?? "none"}`);
    this.name = "ConflictError";
    this.current = current;
  }
}

/** The asked-for revision is older than the history that is kept. */
export class CompactedError extends Error {
  readonly compactedRevision: number;

  constructor(asked: number, compactedRevision: number) {
    super(`revision ${asked} is no longer held; the oldest is ${compactedRevision}`);
    this.name = "CompactedError";
    this.compactedRevision = compactedRevision;
  }
}

/** The asked-for revision has not been written yet. */
export class FutureRevisionError extends Error {
  readonly asked: number;
  /** The newest there is. */
  readonly revision: number;

  constructor(asked: number, revision: number) {
    super(`revision ${asked} is in the future; the newest is ${revision}`);
    this.name = "FutureRevisionError";
    this.asked = asked;
    this.revision = revision;
  }
}

/** The engine cannot take writes now. The message says why and what to do. */
export class StoreUnavailableError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StoreUnavailableError";
  }
}
