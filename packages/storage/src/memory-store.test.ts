import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "./memory-store.ts";
import { CompactedError } from "./store.ts";
import { collect, put, storeSuite } from "./store-suite.ts";

storeSuite("memory", async () => {
  const store = memoryStore();
  return { store, dispose: () => store.close() };
});

test("memory: history is bounded, and what is gone is said to be compacted", async () => {
  const store = memoryStore({ ringLimits: { maxEvents: 10, maxBytes: 1000 } });
  const start = store.revision;
  for (let i = 0; i < 25; i++) await store.commit(put(`/${i}`, "x"));
  assert.equal(store.compactedRevision, store.revision - 10);
  await assert.rejects(collect(store, "/", start).started, CompactedError);
  const watching = collect(store, "/", store.compactedRevision);
  assert.equal((await watching.until(10)).length, 10);
  watching.stop();
  await store.commit(put("/big", "x".repeat(2000)));
  assert.equal(store.compactedRevision, store.revision);
  await store.close();
});
