/** The promises of `store.ts`, as tests. Every implementation runs them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { testSeed } from "@kubets/apimachinery";
import {
  CompactedError,
  ConflictError,
  type Entry,
  FutureRevisionError,
  type Store,
  type StoreEvent,
  type Write,
} from "./store.ts";
import { runModel } from "./store-model.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens what it left, where that means something. */
  readonly reopen?: () => Promise<Store>;
  readonly dispose: () => Promise<void>;
  /** The engine is shared with other processes: it gives revisions in its own order, and tells them after the commit. */
  readonly shared?: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const put = (key: string, text: string, expectedRevision?: number): Write => ({
  key,
  value: () => ({ bytes: encoder.encode(text) }),
  ...(expectedRevision === undefined ? {} : { expectedRevision }),
});

export const remove = (key: string, expectedRevision?: number): Write => ({
  key,
  value: undefined,
  ...(expectedRevision === undefined ? {} : { expectedRevision }),
});

export const textOf = (entry: Entry | undefined): string | undefined =>
  entry === undefined ? undefined : decoder.decode(entry.value);

const names = (entries: readonly Entry[]): string[] => entries.map(({ key }) => key);

/** A watch that collects, and can be waited on. */
export function collect(store: Store, prefix: string, afterRevision: number) {
  const events: StoreEvent[] = [];
  const errors: Error[] = [];
  const stop = new AbortController();
  let wake = () => {};
  const started = store.watch(prefix, {
    afterRevision,
    signal: stop.signal,
    onEvents(batch) {
      events.push(...batch);
      wake();
    },
    onError: (error) => errors.push(error),
  });
  const until = async (count: number): Promise<StoreEvent[]> => {
    await started;
    while (events.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return events;
  };
  return { events, errors, started, until, stop: () => stop.abort() };
}

const lines = (events: readonly StoreEvent[]): string[] =>
  events.map(({ type, entry, revision }) => `${revision} ${type} ${entry.key}=${textOf(entry)}`);

type Promised = (store: Store, under: StoreUnderTest) => Promise<void>;

const promises: Readonly<Record<string, Promised>> = {
  "an empty store is at a revision that is not 0": async (store) => {
    assert.ok(store.revision > 0);
    assert.deepEqual(await store.list("/"), { entries: [], revision: store.revision, remaining: 0 });
    assert.equal(await store.get("/a"), undefined);
  },
  "create, update and delete give consecutive revisions": async (store) => {
    const start = store.revision;
    const created = await store.commit(put("/a", "1", 0));
    assert.deepEqual([created.createRevision, created.modRevision], [start + 1, start + 1]);
    const updated = await store.commit(put("/a", "2", created.modRevision));
    assert.deepEqual([updated.createRevision, updated.modRevision], [start + 1, start + 2]);
    assert.equal(textOf(await store.get("/a")), "2");
    const gone = await store.commit(remove("/a", updated.modRevision));
    assert.deepEqual([textOf(gone), gone.modRevision, gone.createRevision], ["2", start + 3, start + 1]);
    assert.equal(await store.get("/a"), undefined);
    const again = await store.commit(put("/a", "3", 0));
    assert.equal(again.createRevision, start + 4);
    assert.equal(store.revision, start + 4);
  },
  "a value is made with the revision it gets, and its memo is carried": async (store, { shared }) => {
    const memo = { parsed: true };
    const made = await store.commit({
      key: "/a",
      value: (revision) =>
        revision === undefined
          ? { bytes: encoder.encode("late"), memoAt: (at, bytes) => Object.assign(memo, { at, bytes }) }
          : { bytes: encoder.encode(`${revision}`), memo },
    });
    assert.equal(textOf(made), shared ? "late" : `${made.modRevision}`);
    if (shared) assert.deepEqual(memo, { parsed: true, at: made.modRevision, bytes: made.value });
    assert.equal((await store.get("/a"))?.memo, memo);
  },
  "wrong expectations conflict and change nothing": async (store) => {
    const created = await store.commit(put("/a", "1", 0));
    const found = (revision: number | undefined) => (error: unknown) =>
      error instanceof ConflictError && error.current?.modRevision === revision;
    await assert.rejects(store.commit(put("/a", "2", 0)), found(created.modRevision));
    await assert.rejects(store.commit(put("/a", "2", created.modRevision + 7)), found(created.modRevision));
    await assert.rejects(store.commit(put("/b", "2", 5)), found(undefined));
    await assert.rejects(store.commit(remove("/a", created.modRevision - 1)), found(created.modRevision));
    await assert.rejects(store.commit(remove("/b")), found(undefined));
    assert.equal(store.revision, created.modRevision);
    await assert.rejects(
      store.commit({
        key: "/c",
        value() {
          throw new RangeError("no value");
        },
      }),
      RangeError,
    );
    assert.equal((await store.commit(put("/d", "1"))).modRevision, created.modRevision + 1);
  },
  "of writes submitted together, conflicts are decided in order": async (store) => {
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => store.commit(put("/race", `${i}`, 0))),
    );
    assert.deepEqual([...new Set(results.slice(1).map(({ status }) => status))], ["rejected"]);
    assert.equal(results[0]?.status, "fulfilled");
    assert.equal(textOf(await store.get("/race")), "0");

    const base = store.revision;
    const chain = [
      put("/race", "a", base),
      put("/race", "b", base + 1),
      remove("/race", base + 2),
      put("/race", "c", 0),
    ];
    const done = await Promise.all(chain.map((write) => store.commit(write)));
    assert.deepEqual(
      done.map(({ modRevision }) => modRevision - base),
      [1, 2, 3, 4],
    );
    assert.equal(done[3]?.createRevision, base + 4);
    assert.equal(textOf(await store.get("/race")), "c");
  },
  "nothing is visible before it is acknowledged": async (store) => {
    const before = store.revision;
    const watching = collect(store, "/", before);
    await watching.started;
    const writing = store.commit(put("/a", "1"));
    assert.equal(store.revision, before);
    // What is held here: a consistent read asks an etcd, which may be done with the write by then.
    assert.equal(await store.get("/a", { atLeast: 0 }), undefined);
    assert.deepEqual(watching.events, []);
    await writing;
    assert.equal(textOf(await store.get("/a")), "1");
    assert.equal(watching.events.length, 1);
    watching.stop();
  },
  "lists are sorted, prefixed, limited and counted": async (store) => {
    await Promise.all(["/p/b/1", "/p/a/2", "/p/a/1", "/q/x", "/pp/z"].map((key) => store.commit(put(key, key))));
    assert.deepEqual(names((await store.list("/p/")).entries), ["/p/a/1", "/p/a/2", "/p/b/1"]);
    assert.equal(await store.count("/p/a/"), 2);
    assert.equal(await store.count("/"), 5);
    const first = await store.list("/p/", { limit: 1 });
    assert.deepEqual([names(first.entries), first.remaining], [["/p/a/1"], 2]);
    const rest = await store.list("/p/", { limit: 5, after: "/p/a/1", revision: first.revision });
    assert.deepEqual([names(rest.entries), rest.remaining], [["/p/a/2", "/p/b/1"], 0]);
    const past = await store.list("/p/", { limit: 5, after: "/p/zzz" });
    assert.deepEqual([past.entries, past.remaining], [[], 0]);
  },
  "later pages of a list do not see later writes": async (store) => {
    const keys = Array.from({ length: 300 }, (_, i) => `/p/${String(i).padStart(3, "0")}`);
    await Promise.all(keys.map((key) => store.commit(put(key, "old"))));
    const seen: Entry[] = [];
    let page = await store.list("/p/", { limit: 50 });
    const { revision } = page;
    for (let n = 0; ; n++) {
      seen.push(...page.entries);
      if (page.remaining === 0) break;
      await Promise.all([
        store.commit(put(keys[299 - n]!, "new")),
        store.commit(remove(keys[150 + n]!)),
        store.commit(put(`/p/1${n}x`, "new")),
      ]);
      page = await store.list("/p/", { limit: 50, after: seen.at(-1)!.key, revision });
      assert.equal(page.revision, revision);
    }
    assert.deepEqual(names(seen), keys);
    assert.deepEqual([...new Set(seen.map(textOf))], ["old"]);
  },
  "any revision that is held can be listed": async (store) => {
    const pictures: { revision: number; keys: string[] }[] = [];
    for (let i = 0; i < 40; i++) {
      await store.commit(i % 4 === 3 ? remove(`/p/${i - 1}`) : put(`/p/${i}`, `${i}`));
      pictures.push({ revision: store.revision, keys: names((await store.list("/p/")).entries) });
    }
    for (const { revision, keys } of pictures)
      assert.deepEqual(names((await store.list("/p/", { revision })).entries), keys);
    await assert.rejects(store.list("/p/", { revision: store.revision + 1 }), FutureRevisionError);
  },
  "a watch resumes where it is told, in order, each event once": async (store) => {
    const start = store.revision;
    await store.commit(put("/p/a", "1"));
    await store.commit(put("/q/a", "1"));
    await store.commit(put("/p/a", "2"));
    const watching = collect(store, "/p/", start);
    await watching.until(2);
    await store.commit(put("/p/b", "1"));
    await store.commit(remove("/p/a"));
    const expected = [
      `${start + 1} put /p/a=1`,
      `${start + 3} put /p/a=2`,
      `${start + 4} put /p/b=1`,
      `${start + 5} delete /p/a=2`,
    ];
    assert.deepEqual(lines(await watching.until(4)), expected);
    assert.deepEqual(
      watching.events.map(({ previous }) => textOf(previous)),
      [undefined, "1", undefined, "2"],
    );
    assert.equal(watching.events[3]?.entry.modRevision, start + 5);
    assert.equal(watching.events[3]?.previous?.modRevision, start + 3);
    watching.stop();
    const later = collect(store, "/p/", start + 3);
    assert.deepEqual(lines(await later.until(2)), expected.slice(2));
    later.stop();
    await store.commit(put("/p/c", "1"));
    assert.equal(later.events.length, 2);
    assert.equal(watching.events.length, 4);
  },
  "a watch from the future waits for it": async (store) => {
    const start = store.revision;
    const watching = collect(store, "/", start + 2);
    await watching.started;
    for (const key of ["/a", "/b", "/c"]) await store.commit(put(key, key));
    assert.deepEqual(lines(watching.events), [`${start + 3} put /c=/c`]);
    watching.stop();
  },
  "a watcher may end others while it is served": async (store) => {
    const second = collect(store, "/p/", store.revision);
    await second.started;
    const first = new AbortController();
    await store.watch("/p/", {
      afterRevision: store.revision,
      signal: first.signal,
      onEvents: () => second.stop(),
      onError() {},
    });
    await store.commit(put("/p/a", "1"));
    await store.commit(put("/p/b", "1"));
    assert.ok(second.events.length <= 1);
    first.abort();
  },
  "a watcher that throws is out, and nobody else notices": async (store) => {
    const errors: Error[] = [];
    const { signal } = new AbortController();
    const onEvents = () => {
      throw new Error("a bug");
    };
    await store.watch("/", { afterRevision: store.revision, signal, onEvents, onError: (error) => errors.push(error) });
    const other = collect(store, "/", store.revision);
    await other.started;
    await store.commit(put("/a", "1"));
    await store.commit(put("/b", "1"));
    assert.equal(other.events.length, 2);
    assert.deepEqual(
      errors.map(({ message }) => message),
      ["a bug"],
    );
    other.stop();
  },
  "compaction forgets the past and keeps the present": async (store) => {
    await store.commit(put("/a", "1"));
    const old = await store.list("/", { limit: 1 });
    await store.commit(put("/a", "2"));
    await store.commit(put("/b", "1"));
    await store.commit(remove("/b"));
    const at = store.revision;
    await store.commit(put("/c", "1"));
    await store.compact(at);
    assert.equal(store.compactedRevision, at);
    await assert.rejects(store.list("/", { revision: old.revision }), CompactedError);
    await assert.rejects(collect(store, "/", at - 1).started, CompactedError);
    assert.deepEqual(names((await store.list("/", { revision: at })).entries), ["/a"]);
    const watching = collect(store, "/", at);
    assert.equal((await watching.until(1))[0]?.entry.key, "/c");
    watching.stop();
    await store.compact(at - 2);
    assert.equal(store.compactedRevision, at);
    await assert.rejects(store.compact(store.revision + 1), FutureRevisionError);
    assert.equal(textOf(await store.get("/a")), "2");
  },
  "closing waits for writes, ends watches and refuses what comes after": async (store) => {
    const watching = collect(store, "/", store.revision);
    await watching.started;
    const writing = store.commit(put("/a", "1"));
    await store.close();
    await store.close();
    assert.equal(textOf(await writing), "1");
    assert.equal(watching.events.length, 1);
    assert.equal(watching.errors.length, 1);
    for (const refused of [
      store.get("/a"),
      store.list("/"),
      store.commit(put("/b", "1")),
      store.compact(1),
      collect(store, "/", 1).started,
    ])
      await assert.rejects(refused, { name: "StoreUnavailableError", message: "the store is closed" });
  },
  "what was written is there after a restart, history included": async (store, { reopen }) => {
    if (reopen === undefined) return;
    const start = store.revision;
    await store.commit(put("/a", "1"));
    await store.commit(put("/a", "2"));
    await store.commit(put("/b", "x"));
    await store.commit(remove("/b"));
    const again = await reopen();
    assert.equal(again.revision, start + 4);
    assert.deepEqual((await again.list("/")).entries.map(textOf), ["2"]);
    assert.deepEqual((await again.get("/a"))?.createRevision, start + 1);
    const watching = collect(again, "/", start + 1);
    assert.deepEqual(lines(await watching.until(3)), [
      `${start + 2} put /a=2`,
      `${start + 3} put /b=x`,
      `${start + 4} delete /b=x`,
    ]);
    watching.stop();
    await again.compact(start + 4);
    const last = await reopen();
    assert.deepEqual([last.revision, last.compactedRevision], [start + 4, start + 4]);
    assert.equal((await last.commit(put("/c", "1"))).modRevision, start + 5);
  },
};

/** @param open makes an empty store */
export function storeSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  const seed = testSeed();
  const model: Promised = (store, { reopen, shared = false }) =>
    runModel(store, seed, { ...(reopen === undefined ? {} : { reopen }), inTurn: shared });
  const all = { ...promises, [`agrees with a simple model (KUBETS_SEED=${seed})`]: model };
  for (const [title, body] of Object.entries(all)) {
    test(`${name}: ${title}`, async () => {
      const under = await open();
      try {
        await body(under.store, under);
      } finally {
        await under.dispose();
      }
    });
  }
}
