/**
 * The log in a SQLite file. Synchronous; it lives in a thread of its own (`log-worker.ts`).
 *
 * One append-only table by revision. A row names the revision it replaced, so that a compaction finds what was superseded without an index
 * over keys. WAL with synchronous=FULL: a COMMIT that returns is on the disk. locking_mode=EXCLUSIVE: the file is locked as long as the process lives,
 * and not a moment longer.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { emptyRevision, type HistoryRecord, type LogRecord } from "../log.ts";
import { StoreUnavailableError } from "../store.ts";
import { explain, isBusy } from "./errors.ts";

/** "kbts", in the file's header: whose file it is. */
const applicationId = 0x6b627473;
const formatVersion = 1;

const tables = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    create_revision INTEGER NOT NULL,
    previous_revision INTEGER NOT NULL,
    value BLOB
  ) STRICT;
  CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
  INSERT INTO compaction VALUES (1, ${emptyRevision});
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`;

/** Not of the format: a program that does not know of it can read the file. */
const defaultsTable = `
  CREATE TABLE IF NOT EXISTS defaults (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    foreign_through INTEGER NOT NULL
  ) STRICT;
`;

type Row = [revision: number, key: string, create: number, previous: number, value: Uint8Array | null];
type HistoryRow = [...Row, previousValue: Uint8Array | null, previousCreate: number | null];

export class SqliteLog {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;

  /**
   * @param erases what compaction removes is overwritten too, where it lay
   * @throws StoreUnavailableError
   */
  constructor(path: string, erases = false) {
    this.#path = path;
    try {
      this.#database = new DatabaseSync(path);
    } catch (error) {
      throw explain(error, "open", path);
    }
    try {
      this.#lock();
      if (erases) this.#database.exec("PRAGMA secure_delete = ON");
      this.#prepareFormat();
      this.#insert = this.#database.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?)");
    } catch (error) {
      this.#database.close();
      throw isBusy(error) ? this.#inUse(error) : explain(error, "open", path);
    }
  }

  get #pidFile(): string {
    return `${this.#path}.pid`;
  }

  #lock(): void {
    // 8 KiB pages hold two typical objects each, where 4 KiB would hold one and a lot of nothing.
    this.#database.exec(
      "PRAGMA page_size = 8192; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
    );
    // The first write transaction takes the lock that is then kept.
    this.#database.exec("BEGIN IMMEDIATE; COMMIT");
    writeFileSync(this.#pidFile, `${process.pid}\n`);
  }

  #inUse(cause: unknown): StoreUnavailableError {
    let holder = "another process";
    try {
      holder = `process ${Number.parseInt(readFileSync(this.#pidFile, "utf8"), 10)}`;
    } catch {
      // The name is a courtesy; the lock is what counts.
    }
    const message = `cannot open ${this.#path}: it is in use by ${holder}; stop that one first, or choose another data directory`;
    return new StoreUnavailableError(message, { cause });
  }

  #prepareFormat(): void {
    const id = this.#pragma("application_id");
    const version = this.#pragma("user_version");
    const isEmpty = this.#database.prepare("SELECT 1 FROM sqlite_master LIMIT 1").get() === undefined;
    if (isEmpty) {
      this.#transaction(() => this.#database.exec(tables));
    } else if (id !== applicationId) {
      throw new StoreUnavailableError(
        `cannot open ${this.#path}: it is a SQLite file, but not one of kubets; choose another data directory`,
      );
    } else if (version !== formatVersion) {
      const who = version > formatVersion ? "a newer" : "an older";
      throw new StoreUnavailableError(
        `cannot open ${this.#path}: ${who} kubets wrote it (format ${version}, this one reads ${formatVersion}); ` +
          "use that kubets, or choose another data directory",
      );
    }
  }

  #pragma(name: string): number {
    return Number(Object.values(this.#database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  }

  get compactedRevision(): number {
    return Number(this.#database.prepare("SELECT revision FROM compaction").get()?.["revision"]);
  }

  /**
   * Up to which revision what is in the log was written by programs whose defaults were of another version; from now on it is written by one of this. What
   * was written before there were versions is of another.
   */
  foreignThrough(defaultsVersion: number): number {
    const sql = this.#database;
    let through = 0;
    this.#transaction(() => {
      sql.exec(defaultsTable);
      const known = sql.prepare("SELECT version, foreign_through FROM defaults").get();
      if (known?.["version"] === defaultsVersion) {
        through = Number(known["foreign_through"]);
        return;
      }
      through = Number(Object.values(sql.prepare("SELECT max(revision) FROM log").get() ?? {})[0] ?? 0);
      sql.prepare("INSERT OR REPLACE INTO defaults VALUES (1, ?, ?)").run(defaultsVersion, through);
    });
    return through;
  }

  /** All rows, oldest first. @throws StoreUnavailableError when the file is damaged */
  *load(): Generator<LogRecord> {
    const rows = this.#database.prepare(
      "SELECT revision, key, create_revision, previous_revision, value FROM log ORDER BY revision",
    );
    rows.setReturnArrays(true);
    try {
      for (const row of rows.iterate()) yield recordOf(row as unknown as Row);
    } catch (error) {
      throw explain(error, "read", this.#path);
    }
  }

  append(records: Iterable<LogRecord>): void {
    this.#transaction(() => {
      for (const { revision, key, createRevision, previousRevision, value } of records)
        this.#insert.run(revision, key, createRevision, previousRevision, value ?? null);
    });
  }

  history(after: number, before: number, limit: number): HistoryRecord[] {
    const rows = this.#database.prepare(
      `SELECT l.revision, l.key, l.create_revision, l.previous_revision, l.value, p.value, p.create_revision
       FROM log l LEFT JOIN log p ON p.revision = l.previous_revision
       WHERE l.revision > ? AND l.revision < ? ORDER BY l.revision LIMIT ?`,
    );
    rows.setReturnArrays(true);
    try {
      return (rows.all(after, before, limit) as unknown as HistoryRow[]).map((row) => ({
        ...recordOf(row.slice(0, 5) as Row),
        previousValue: row[5] ?? undefined,
        previousCreateRevision: row[6] ?? 0,
      }));
    } catch (error) {
      throw explain(error, "read", this.#path);
    }
  }

  /**
   * Removes what was superseded by writes after the last compaction and up to `revision`, at most `maxRevisions` of them, so that
   * batches get their turn in between. @returns the revision it got to
   */
  compactStep(revision: number, maxRevisions: number): number {
    const from = this.compactedRevision;
    const to = Math.min(revision, from + maxRevisions);
    if (to <= from) return from;
    this.#transaction(() => {
      const sql = this.#database;
      sql
        .prepare(
          "DELETE FROM log WHERE revision IN (SELECT previous_revision FROM log WHERE revision > ? AND revision <= ? AND previous_revision > 0)",
        )
        .run(from, to);
      sql.prepare("DELETE FROM log WHERE revision > ? AND revision <= ? AND value IS NULL").run(from, to);
      sql.prepare("UPDATE compaction SET revision = ?").run(to);
    });
    return to;
  }

  close(): void {
    // While the lock is still held: the next holder's name must not be what is removed.
    rmSync(this.#pidFile, { force: true });
    this.#database.close();
  }

  #transaction(body: () => void): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      body();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw explain(error, "write to", this.#path);
    }
  }
}

function recordOf([revision, key, createRevision, previousRevision, value]: Row): LogRecord {
  return { revision, key, createRevision, previousRevision, value: value ?? undefined };
}
