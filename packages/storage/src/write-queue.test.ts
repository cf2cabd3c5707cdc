import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord } from "./log.ts";
import { noLog } from "./log.ts";
import { LoggedStore } from "./logged-store.ts";
import { StoreUnavailableError } from "./store.ts";
import { put, textOf } from "./store-suite.ts";

/** A log whose batches wait to be told how they end. */
function gatedLog() {
  const batches: { records: readonly LogRecord[]; end: (error?: Error) => void }[] = [];
  const log = {
    ...noLog,
    keepsHistory: true,
    append: (records: readonly LogRecord[]) =>
      new Promise<void>((resolve, reject) => {
        batches.push({ records, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
  };
  return { log, batches };
}

/** Lets everything that waits only for promises run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("one batch fills while another is written", async () => {
  const { log, batches } = gatedLog();
  const store = new LoggedStore({ log });
  const first = [store.commit(put("/a", "1")), store.commit(put("/b", "1"))];
  await settled();
  const second = [store.commit(put("/c", "1")), store.commit(put("/d", "1")), store.commit(put("/a", "2"))];
  await settled();
  assert.deepEqual(
    batches.map(({ records }) => records.map(({ key }) => key)),
    [["/a", "/b"]],
  );
  batches[0]?.end();
  await Promise.all(first);
  assert.equal(textOf(await store.get("/a")), "1");
  await settled();
  assert.deepEqual(
    batches[1]?.records.map(({ key }) => key),
    ["/c", "/d", "/a"],
  );
  batches[1]?.end();
  await Promise.all(second);
  assert.equal(textOf(await store.get("/a")), "2");
});

test("a batch that fails takes with it what was decided upon it, and leaves no trace", async () => {
  const { log, batches } = gatedLog();
  const store = new LoggedStore({ log });
  const start = store.revision;
  const kept = store.commit(put("/a", "kept"));
  await settled();
  batches[0]?.end();
  await kept;
  const doomed = [store.commit(put("/a", "lost", start + 1)), store.commit(put("/b", "lost", 0))];
  await settled();
  const builtOnIt = [store.commit(put("/a", "lost too", start + 2)), store.commit(put("/c", "lost too"))];
  const failure = new StoreUnavailableError("the disk is full");
  batches[1]?.end(failure);
  for (const write of [...doomed, ...builtOnIt]) await assert.rejects(write, failure);
  assert.equal(store.revision, start + 1);
  assert.equal(textOf(await store.get("/a")), "kept");
  const next = store.commit(put("/a", "after", start + 1));
  const other = store.commit(put("/b", "after", 0));
  await settled();
  batches[2]?.end();
  assert.deepEqual([(await next).modRevision, (await other).createRevision], [start + 2, start + 3]);
});
