/**
 * How close the store comes to the disk: creates a second through `openSqliteStore` by many concurrent writers, against bare node:sqlite
 * writing the same rows, one fsynced transaction for as many rows as there are writers. One run, one machine, one ratio.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "@kubets/storage";
import { flagsOf, jsonFlag } from "./lib/program.ts";

const about =
  "How close the embedded store comes to the disk: creates a second, as ratios to bare node:sqlite with the same rows.";
const flags = flagsOf("storage.ts", about, { json: jsonFlag });

const rows = 40_000;
const valueBytes = 3000;
const writerCounts = [1, 16, 128, 512];

const value = new Uint8Array(valueBytes).fill(120);
const keyOf = (i: number): string => `/registry/pods/default/web-${i}`;

function bareSqlite(path: string, count: number, perTransaction: number): number {
  const database = new DatabaseSync(path);
  database.exec(
    "PRAGMA page_size = 8192; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
  );
  database.exec("CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB) STRICT");
  const insert = database.prepare("INSERT INTO log VALUES (?, ?, ?)");
  const startedAt = performance.now();
  for (let i = 0; i < count; ) {
    database.exec("BEGIN IMMEDIATE");
    for (let n = 0; n < perTransaction && i < count; n++, i++) insert.run(i + 1, keyOf(i), value);
    database.exec("COMMIT");
  }
  const seconds = (performance.now() - startedAt) / 1000;
  database.close();
  return count / seconds;
}

async function throughStore(path: string, count: number, writers: number) {
  const store = await openSqliteStore({ path });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let next = 0;
  const startedAt = performance.now();
  const write = async () => {
    while (next < count) {
      const key = keyOf(next++);
      await store.commit({ key, expectedRevision: 0, value: () => ({ bytes: value }) });
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  const seconds = (performance.now() - startedAt) / 1000;
  delay.disable();
  await store.close();
  const reopenedAt = performance.now();
  await (await openSqliteStore({ path })).close();
  return { perSecond: count / seconds, delayMs: delay.percentile(99) / 1e6, reopenMs: performance.now() - reopenedAt };
}

const results = [];
for (const writers of writerCounts) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-bench-"));
  const count = writers === 1 ? 4_000 : rows;
  try {
    const bare = bareSqlite(join(directory, "bare.db"), count, writers);
    const { perSecond, delayMs, reopenMs } = await throughStore(join(directory, "store.db"), count, writers);
    results.push({
      writers,
      rows: count,
      "bare creates/s": Math.round(bare),
      "store creates/s": Math.round(perSecond),
      ratio: Number((perSecond / bare).toFixed(2)),
      "loop delay p99 ms": Number(delayMs.toFixed(1)),
      "reopen ms": Math.round(reopenMs),
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
if (flags.json) console.log(JSON.stringify(results));
else console.table(results);
