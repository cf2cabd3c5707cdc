import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "./memory-store.ts";
import { RoutedStore } from "./routed-store.ts";
import { collect, put, storeSuite, textOf } from "./store-suite.ts";

const events = "/registry/events/";

storeSuite("routed store, what no route is for", async () => {
  const store = new RoutedStore(memoryStore(), [{ prefix: events, store: memoryStore() }]);
  return { store, dispose: () => store.close() };
});

test("a prefix is kept elsewhere, with revisions of its own", async () => {
  const [main, elsewhere] = [memoryStore(), memoryStore()];
  const store = new RoutedStore(main, [{ prefix: events, store: elsewhere }]);
  for (const name of ["a", "b", "c"]) await store.commit(put(`/registry/pods/default/${name}`, name));
  const before = elsewhere.revision;
  const watched = collect(store, events, before);
  const entry = await store.commit(put(`${events}default/x`, "event"));
  assert.equal(entry.modRevision, before + 1);
  assert.equal(store.revision, main.revision);
  assert.equal(textOf(await store.get(`${events}default/x`)), "event");
  assert.equal(await main.get(`${events}default/x`), undefined);
  assert.equal(await store.count("/registry/pods/"), 3);
  const { entries, revision } = await store.list(`${events}default/`);
  assert.deepEqual([entries.length, revision], [1, elsewhere.revision]);
  await watched.until(1);
  assert.equal(store.partOf(events), elsewhere);
  assert.equal(store.partOf("/registry/eventsource/"), main);
  await store.close();
  await assert.rejects(elsewhere.commit(put("a", "b")), /closed/);
});

test("compaction by turns is of all parts, where they know it", async () => {
  const compacted: string[] = [];
  const part = (name: string) =>
    Object.assign(memoryStore(), { compactByTurns: async () => void compacted.push(name) });
  const main = part("main");
  const store = new RoutedStore(main, [
    { prefix: events, store: part("events") },
    { prefix: "/registry/leases/", store: main },
  ]);
  await store.compactByTurns?.(1000, new AbortController().signal);
  assert.deepEqual(compacted, ["main", "events"]);
  assert.equal(new RoutedStore(memoryStore(), []).compactByTurns, undefined);
});
