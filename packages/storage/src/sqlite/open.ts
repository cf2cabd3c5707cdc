/** The embedded default: everything in memory, and durable in one SQLite file. */

import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Logger, realClock, silentLogger } from "@kubets/apimachinery";
import { EntryIndex } from "../entry-index.ts";
import { defaultRingLimits, EventRing, type EventRingLimits } from "../event-ring.ts";
import { emptyRevision, type LogRecord } from "../log.ts";
import { LoggedStore } from "../logged-store.ts";
import { type Store, type StoreEvent, StoreUnavailableError } from "../store.ts";
import { deletedOf, storedEntry } from "../stored-entry.ts";
import type { ValueTransformer } from "../value-transformer.ts";
import type { LoadedState } from "../watch-cache.ts";
import { ThreadedLog } from "./threaded-log.ts";

export interface SqliteStoreOptions {
  /** The file; made, with its directory, when missing. `-wal` and `.pid` beside it belong to it. */
  readonly path: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** How much history is kept in memory; older is read from the file. Default 8192 events or 32 MiB. */
  readonly ringLimits?: EventRingLimits;
  /**
   * Of who fills in objects' defaults now: what another version wrote is {@link Entry.foreign}. Without it nothing is, and nothing of it written down.
   */
  readonly defaultsVersion?: number;
  /** Encryption at rest: the file holds what it encodes, readers get plain values. */
  readonly transformer?: ValueTransformer;
}

/**
 * @throws StoreUnavailableError when the file is in use by another process, damaged, of another format, or cannot be written.
 * The message is one sentence that says what to do.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, clock = realClock, logger = silentLogger, ringLimits = defaultRingLimits, transformer } = options;
  const startedAt = clock.monotonic();
  prepareDirectory(path);
  const loader = new Loader(ringLimits, transformer);
  // What was plain before it was encrypted is to be gone once it is history.
  const where = { path, erases: transformer !== undefined, defaultsVersion: options.defaultsVersion };
  const { log, compactedRevision, foreignThrough } = await ThreadedLog.open(where, (record, through) =>
    loader.add(record, through),
  );
  const loaded = loader.finish(compactedRevision);
  logger.info("Opened the store", {
    path,
    revision: loaded.revision,
    keys: loaded.index.count(""),
    durationMs: Math.round(clock.monotonic() - startedAt),
  });
  const [unreadable, ...more] = loader.unreadable();
  if (unreadable !== undefined)
    logger.error("Values in the store cannot be read", { values: 1 + more.length, err: unreadable });
  const sizeBytes = async () => (await sizeOf(path)) + (await sizeOf(`${path}-wal`));
  return new LoggedStore({ log, logger, loaded, ringLimits, transformer, foreignThrough, sizeBytes });
}

/** 0 for a file that is not there: the log before the first write. */
async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What SQLite would say of a place it cannot write to is too little to act on: ask the file system first. */
function prepareDirectory(path: string): void {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
    // Secrets go into it. Only when new: closing a file that this process has open already would let go of its lock.
    else closeSync(openSync(path, "a", 0o600));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = reasons[code ?? ""] ?? `${message}; choose another data directory`;
    throw new StoreUnavailableError(`cannot open ${path}: ${why}`, { cause });
  }
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: "the file system is read-only; remount it for writing, or choose another data directory",
  EACCES: "permission denied; run as the user that owns it, or choose another data directory",
  EPERM: "permission denied; run as the user that owns it, or choose another data directory",
  ENOSPC: "the disk is full; free some space and try again",
  ENOTDIR: "a part of the path is a file and not a directory; choose another data directory",
};

/** Replays the log into an index and a ring of recent events. */
class Loader {
  readonly #index = new EntryIndex();
  readonly #limits: EventRingLimits;
  readonly #transformer: ValueTransformer | undefined;
  /** The newest events, before it is known which of them compaction has passed. */
  #recent: StoreEvent[] = [];
  #revision = emptyRevision;
  #sawUnreadable = false;

  constructor(limits: EventRingLimits, transformer: ValueTransformer | undefined) {
    this.#limits = limits;
    this.#transformer = transformer;
  }

  add(record: LogRecord, foreignThrough: number): void {
    const { key, revision, value } = record;
    const previous = this.#index.get(key);
    const reading = { transformer: this.#transformer, foreignThrough };
    const entry = value === undefined ? deletedOf(record, previous) : storedEntry(reading, record, value);
    if (entry.unreadable !== undefined) this.#sawUnreadable = true;
    const event: StoreEvent = { type: value === undefined ? "delete" : "put", entry, previous, revision };
    this.#index.apply(event);
    this.#revision = revision;
    this.#recent.push(event);
    if (this.#recent.length > 2 * this.#limits.maxEvents) this.#recent = this.#recent.slice(-this.#limits.maxEvents);
  }

  /** What cannot be read of what is present. */
  unreadable(): Error[] {
    if (!this.#sawUnreadable) return [];
    return this.#index.list("", undefined, undefined).entries.flatMap(({ unreadable = [] }) => unreadable);
  }

  finish(compactedRevision: number): LoadedState {
    const revision = Math.max(this.#revision, compactedRevision);
    const recent = this.#recent.filter((event) => event.revision > compactedRevision);
    const ring = new EventRing((recent[0]?.revision ?? revision + 1) - 1, this.#limits);
    for (const event of recent) ring.push(event);
    return { revision, compactedRevision, index: this.#index, ring };
  }
}
