/** What lies beneath a {@link LoggedStore}: the durable record of its writes. Two exist: SQLite, and none at all. */

/** As etcd has it: an empty store is at revision 1, so that no object ever has resourceVersion "0", which means "any". */
export const emptyRevision = 1;

/** One write, as a log keeps it. */
export interface LogRecord {
  readonly revision: number;
  readonly key: string;
  readonly createRevision: number;
  /** The revision of the write this one replaced; 0 for a key that came into being. */
  readonly previousRevision: number;
  /** Undefined for a deletion. */
  readonly value: Uint8Array | undefined;
}

/** A record read back, with what it replaced. */
export interface HistoryRecord extends LogRecord {
  /** The value at `previousRevision`. */
  readonly previousValue: Uint8Array | undefined;
  readonly previousCreateRevision: number;
}

export interface WriteLog {
  /** False: what is not in memory is lost, and the store compacts itself as its ring of events wraps. */
  readonly keepsHistory: boolean;
  /** Makes all of a batch durable, or none of it. @throws StoreUnavailableError */
  append(batch: readonly LogRecord[]): Promise<void>;
  /** Records with `after < revision < before`, oldest first, at most `limit`. */
  history(after: number, before: number, limit: number): Promise<HistoryRecord[]>;
  /** Removes what was superseded at or before `revision`. */
  compact(revision: number): Promise<void>;
  close(): Promise<void>;
}

/** For tests and throw-away clusters: acknowledges at once, forgets at exit. */
export const noLog: WriteLog = {
  keepsHistory: false,
  append: () => Promise.resolve(),
  history: () => Promise.resolve([]),
  compact: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
