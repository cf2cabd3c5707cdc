import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { keepCompacted } from "./compaction.ts";
import { memoryStore } from "./memory-store.ts";
import { put } from "./store-suite.ts";

test("history is kept for one interval at least and two at most", async () => {
  const clock = new VirtualClock();
  const store = memoryStore();
  const stop = new AbortController();
  const running = keepCompacted(store, { clock, intervalMs: 1000 }, stop.signal);
  const start = store.revision;
  for (let i = 0; i < 3; i++) await store.commit(put("/a", `${i}`));
  await clock.advance(1000);
  assert.equal(store.compactedRevision, start);
  await store.commit(put("/a", "later"));
  await clock.advance(1000);
  assert.equal(store.compactedRevision, start + 3);
  await clock.advance(5000);
  assert.equal(store.compactedRevision, start + 4);
  stop.abort();
  await running;
  assert.equal(clock.pendingTimers, 0);
  await store.close();
});
