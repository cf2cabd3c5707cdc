/** What a shared store promises when parts of it fail, on a real etcd of three members. */

import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { defaultRingLimits } from "../event-ring.ts";
import { ConflictError, type Store } from "../store.ts";
import { collect, put, remove, textOf } from "../store-suite.ts";
import { Cable } from "../testing/cable.ts";
import { type EtcdCluster, etcdTestSkip, rawEtcd, startEtcd } from "../testing/index.ts";
import type { ValueCodec, ValueTransformer } from "../value-transformer.ts";
import { openChannel } from "./channel.ts";
import { EtcdClient } from "./client.ts";
import { takeTurn } from "./compaction-turns.ts";
import { EtcdStore } from "./etcd-store.ts";
import { answersProgressInOrder } from "./feed.ts";
import { keySpace } from "./keys.ts";
import { openEtcdStore } from "./open.ts";
import { opaqueForm } from "./stored-form.ts";

describe("etcd, failing", { skip: await etcdTestSkip() }, () => {
  let etcd: EtcdCluster;
  let prefixes = 0;
  before(async () => {
    etcd = await startEtcd({ members: 3 });
  });
  after(() => etcd.stop());

  /** Two stores that share their keys. */
  async function pair(t: TestContext, serversOfFirst = etcd.servers): Promise<[Store, Store]> {
    const prefix = `/failing-${prefixes++}`;
    const open = (servers: readonly string[]) => openEtcdStore({ servers, prefix, root: "", form: opaqueForm });
    const first = await open(serversOfFirst);
    t.after(() => first.close());
    const second = await open(etcd.servers);
    t.after(() => second.close());
    return [first, second];
  }

  async function client(t: TestContext): Promise<EtcdClient> {
    const made = new EtcdClient({
      channels: etcd.servers.map((server) => openChannel(server, {})),
      clock: realClock,
      random: realRandom,
      logger: silentLogger,
    });
    t.after(() => made.close());
    return made;
  }

  test("what one store writes the other reads at once, whatever else is written there", async (t) => {
    const [first, second] = await pair(t);
    const other = await client(t);
    for (let i = 0; i < 20; i++) {
      const { modRevision } = await first.commit(put("/a", `${i}`));
      assert.equal(textOf(await second.get("/a")), `${i}`);
      assert.equal((await second.list("/")).entries.length, 1);
      assert.equal((await second.list("/", { revision: modRevision })).revision, modRevision);
      if (i % 5 === 0) await other.call("KV.Put", { key: Buffer.from("/elsewhere"), value: Buffer.from(`${i}`) });
    }
  });

  test("a member that can be asked how far the watch is, is asked; nothing is written for it", async (t) => {
    const prefix = `/failing-${prefixes++}`;
    const raw = await rawEtcd(etcd.servers);
    t.after(() => raw.close());
    const store = await EtcdStore.open({
      client: await client(t),
      keys: keySpace(prefix, ""),
      form: opaqueForm,
      transformer: undefined,
      ringLimits: defaultRingLimits,
      trustsProgress: () => true,
      ...{ clock: realClock, random: realRandom, logger: silentLogger },
    });
    t.after(() => store.close());
    await store.commit(put("/a", "1"));
    for (let i = 0; i < 5; i++) {
      await raw.put("/elsewhere", Buffer.from(`${i}`));
      const before = store.revision;
      assert.equal(textOf(await store.get("/a")), "1");
      assert.ok(store.revision > before);
    }
    assert.equal((await raw.range(`${prefix}/kubets.io`)).count, 0);
    for (const [version, trusted] of [
      ["3.4.23", false],
      ["3.4.31", true],
      ["3.5.12", false],
      ["3.5.13", true],
      ["3.6.0", true],
    ] as const)
      assert.equal(answersProgressInOrder(version), trusted, version);
  });

  test("of writers on two stores one wins, and the other reads what came first", async (t) => {
    const [first, second] = await pair(t);
    await first.commit(put("/n", "0"));
    await second.get("/n");
    const add = async (store: Store) => {
      for (;;) {
        const entry = (await store.get("/n", { atLeast: 0 }))!;
        try {
          await store.commit(put("/n", `${Number(textOf(entry)) + 1}`, entry.modRevision));
          return;
        } catch (error) {
          assert.ok(error instanceof ConflictError);
        }
      }
    };
    await Promise.all(Array.from({ length: 60 }, (_, i) => add(i % 2 === 0 ? first : second)));
    assert.equal(textOf(await second.get("/n")), "60");
  });

  test("keys expire, and are told to be gone", async (t) => {
    const [first, second] = await pair(t);
    const watching = collect(second, "/", second.revision);
    await Promise.all(["/x", "/y"].map((key) => first.commit({ ...put(key, "brief"), ttlSeconds: 1 })));
    const events = await watching.until(4);
    assert.deepEqual(
      events
        .slice(2)
        .map(({ type, entry }) => `${type} ${entry.key}`)
        .sort(),
      ["delete /x", "delete /y"],
    );
    assert.equal(await first.get("/x"), undefined);
    watching.stop();
  });

  test("keys share a lease, and go with it in one revision that is told as one batch", async (t) => {
    const [first, second] = await pair(t);
    const keys = ["/e/1", "/e/2", "/e/3"];
    for (const key of keys) await first.commit({ ...put(key, "event"), ttlSeconds: 3600 });
    const raw = await rawEtcd(etcd.servers);
    t.after(() => raw.close());
    const { revision: start } = await second.list("/e/");
    const watching = collect(second, "/e/", start);
    await watching.started;
    const { lease } = await raw.range(`/failing-${prefixes - 1}/e/`);
    await raw.revokeLease(lease);
    const events = await watching.until(3);
    assert.deepEqual(
      events.map(({ type, revision }) => `${type} ${revision}`),
      keys.map(() => `delete ${events[0]!.revision}`),
    );
    const later = collect(first, "/e/", start);
    assert.equal((await later.until(3)).length, 3);
    for (const { stop } of [watching, later]) stop();
    await first.commit({ ...put("/e/4", "event"), ttlSeconds: 3600 });
    assert.equal((await first.list("/e/")).entries.length, 1, "a lease that is gone is not used again");
  });

  test("a write whose answer is lost is known again: neither lost, nor done twice, nor called a conflict", async (t) => {
    const cable = await Cable.to(etcd.servers[0]!);
    t.after(() => cable.close());
    const [first, second] = await pair(t, [cable.url]);
    const watching = collect(second, "/", second.revision);
    const { modRevision } = await first.commit(put("/a", "1", 0));
    cable.deafen();
    const writes = [
      first.commit(put("/a", "2", modRevision)),
      first.commit(put("/b", "new", 0)),
      first.commit(remove("/a", modRevision)).catch((error: unknown) => error),
    ];
    await watching.until(3);
    cable.cut();
    cable.mend();
    const [updated, created, refused] = await Promise.all(writes);
    assert.deepEqual([textOf(updated as never), textOf(created as never)], ["2", "new"]);
    assert.ok(refused instanceof ConflictError, String(refused));
    assert.equal(watching.events.length, 3);
    assert.deepEqual(
      (await second.list("/")).entries.map((entry) => `${entry.key}=${textOf(entry)}`),
      ["/a=2", "/b=new"],
    );
    watching.stop();
  });

  test("a member that hangs is left for another, by reads, writes and the watch", async (t) => {
    const cable = await Cable.to(etcd.servers[2]!);
    t.after(() => cable.close());
    const prefix = `/failing-${prefixes++}`;
    const open = (servers: readonly string[]) =>
      openEtcdStore({ servers, prefix, root: "", form: opaqueForm, random: { ...realRandom, next: () => 0 } });
    const hanging = await open([cable.url, ...etcd.servers.slice(0, 2)]);
    t.after(() => hanging.close());
    const other = await open(etcd.servers);
    t.after(() => other.close());
    await other.commit(put("/a", "1"));
    const watching = collect(hanging, "/", (await hanging.list("/")).revision);
    await watching.started;
    cable.deafen();
    await other.commit(put("/a", "2"));
    const startedAt = performance.now();
    assert.equal(textOf(await hanging.get("/a")), "2");
    await hanging.commit(put("/b", "3"));
    assert.deepEqual(
      (await watching.until(2)).map(({ entry }) => textOf(entry)),
      ["2", "3"],
    );
    // Without another member it would wait until it is mended.
    assert.ok(performance.now() - startedAt < 60_000);
    watching.stop();
  });

  test("what was compacted while the watch was away comes as the difference", async (t) => {
    const cable = await Cable.to(etcd.servers[1]!);
    t.after(() => cable.close());
    const [first, second] = await pair(t, [cable.url]);
    for (const key of ["/changed", "/gone", "/again", "/same"]) await second.commit(put(key, "old"));
    const watching = collect(first, "/", (await first.list("/")).revision);
    await watching.started;
    cable.cut();
    await second.commit(put("/changed", "between"));
    await second.commit(remove("/gone"));
    await second.commit(remove("/again"));
    await second.commit(put("/again", "new"));
    await second.commit(put("/changed", "new"));
    await second.commit(put("/added", "new"));
    await second.compact(second.revision);
    cable.mend();
    const events = await watching.until(5);
    assert.deepEqual(
      events.map(({ type, entry }) => `${type} ${entry.key}=${textOf(entry)}`),
      ["delete /again=old", "put /again=new", "put /changed=new", "put /added=new", "delete /gone=old"],
    );
    for (const [i, { revision }] of events.entries()) assert.ok(i === 0 || revision >= events[i - 1]!.revision);
    await second.commit(put("/after", "x"));
    assert.equal((await watching.until(6)).at(-1)?.entry.key, "/after");
    assert.deepEqual(
      (await first.list("/")).entries.map(({ key }) => key),
      (await second.list("/")).entries.map(({ key }) => key),
    );
    watching.stop();
  });

  test("members die and come back under load: nothing acknowledged is lost, no watcher misses or repeats", async (t) => {
    const [first, second] = await pair(t);
    const start = first.revision;
    const watchers = [collect(first, "/", start), collect(second, "/", start)];
    const acknowledged = new Map<string, string>();
    let running = true;
    let unknown = 0;
    const writer = async (store: Store, name: string) => {
      for (let i = 0; running; i++) {
        const key = `/${name}/${i}`;
        try {
          await store.commit(put(key, `${i}`, 0));
          acknowledged.set(key, `${i}`);
        } catch (error) {
          assert.equal((error as Error).name, "StoreUnavailableError", String(error));
          unknown++;
        }
      }
    };
    const writers = [first, second].flatMap((store, s) =>
      Array.from({ length: 8 }, (_, i) => writer(store, `${s}${i}`)),
    );
    const more = async (count: number, ms: number) => {
      const wanted = acknowledged.size + count;
      for (await sleep(ms); acknowledged.size < wanted; ) await sleep(20);
    };
    for (const member of etcd.members.slice(0, 2)) {
      await more(50, 400);
      await member.kill();
      await sleep(1000);
      await member.restart();
      await more(50, 1500);
    }
    running = false;
    await Promise.all(writers);
    const { entries, revision } = await second.list("/");
    const stored = new Map(entries.map((entry) => [entry.key, textOf(entry)]));
    for (const [key, text] of acknowledged) assert.equal(stored.get(key), text, key);
    assert.ok(stored.size <= acknowledged.size + unknown);
    await first.get("/");
    for (const { events, errors } of watchers) {
      assert.deepEqual(errors, []);
      const seen = events.filter((event) => event.revision <= revision);
      assert.deepEqual(seen.map(({ entry }) => entry.key).sort(), [...stored.keys()].sort());
      for (const [i, event] of events.entries()) assert.ok(i === 0 || event.revision > events[i - 1]!.revision);
    }
    for (const { stop } of watchers) stop();
  });

  test("what is encrypted is so in etcd, and plain to those who have the key", async (t) => {
    const mark = "k8s:enc:";
    const mirrored = (bytes: Uint8Array) => Buffer.from(bytes).reverse();
    const seenKeys = new Set<string>();
    const codec: ValueCodec = {
      seal: "mirror",
      encode(path, bytes) {
        seenKeys.add(path);
        return Buffer.concat([Buffer.from(mark), mirrored(bytes)]);
      },
      decode: (_path, bytes) =>
        bytes[0] === mark.charCodeAt(0)
          ? { bytes: mirrored(bytes.subarray(mark.length)), seal: "mirror" }
          : { bytes, seal: undefined },
    };
    const transformer: ValueTransformer = {
      codecOf: (key) => (key.startsWith("/secrets/") ? codec : undefined),
    };
    const prefix = `/failing-${prefixes++}`;
    const open = async (own?: ValueTransformer) => {
      const given = own === undefined ? {} : { transformer: own };
      const store = await openEtcdStore({ servers: etcd.servers, prefix, root: "", form: opaqueForm, ...given });
      t.after(() => store.close());
      return store;
    };
    const [plain, knowing] = [await open(), await open(transformer)];
    await plain.commit(put("/secrets/old", "from before"));
    await knowing.commit(put("/secrets/new", "hidden"));
    await knowing.commit(put("/others", "shown"));
    assert.deepEqual([...seenKeys], [`${prefix}/secrets/new`]);
    assert.equal(textOf(await knowing.get("/secrets/new")), "hidden");
    const old = await knowing.get("/secrets/old");
    assert.deepEqual([textOf(old), knowing.isCurrent(old!)], ["from before", false]);
    assert.ok(knowing.isCurrent((await knowing.get("/secrets/new"))!));
    const hidden = await plain.get("/secrets/new");
    assert.match(
      hidden?.unreadable?.message ?? "",
      /^unable to transform key "\/secrets\/new": identity transformer tried/,
    );
    assert.equal(textOf(hidden), `${mark}neddih`);
    assert.equal(textOf(await plain.get("/others")), "shown");
    const again = await open(transformer);
    assert.deepEqual((await again.list("/secrets/")).entries.map(textOf), ["hidden", "from before"]);
  });

  test("what another program wrote is told from what a store wrote, at once and after a restart", async (t) => {
    const prefix = `/failing-${prefixes++}`;
    const raw = await rawEtcd(etcd.servers);
    t.after(() => raw.close());
    const open = async () => {
      const store = await openEtcdStore({ servers: etcd.servers, prefix, root: "" });
      t.after(() => store.close());
      return store;
    };
    const bytes = Buffer.from('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"}}');
    const store = await open();
    const watching = collect(store, "/", store.revision);
    await store.commit({ key: "/own", expectedRevision: 0, value: () => ({ bytes }) });
    await raw.put(`${prefix}/other`, Buffer.from(`${bytes}\n`));
    await watching.until(2);
    assert.deepEqual(
      watching.events.map(({ entry }) => entry.foreign ?? false),
      [false, true],
    );
    for (const reader of [store, await open()]) {
      const { entries } = await reader.list("/");
      assert.deepEqual(
        entries.map(({ key, foreign = false }) => `${key} ${foreign}`),
        ["/other true", "/own false"],
      );
    }
    watching.stop();
  });

  test("stores compact by turns", async (t) => {
    const etcdClient = await client(t);
    const compacted: number[] = [];
    const options = { client: etcdClient, clock: realClock, logger: silentLogger };
    const take = (turn: { version: number; revision: number }) =>
      takeTurn({ ...options, onCompacted: (revision) => compacted.push(revision) }, turn);
    let mine = await take({ version: 0, revision: 0 });
    let others = await take({ version: 0, revision: 0 });
    assert.deepEqual(compacted, []);
    const seen = mine.revision;
    mine = await take(mine);
    assert.deepEqual(compacted, [seen]);
    others = await take(others);
    assert.equal(others.version, mine.version, "the turn was taken: the other learns of it");
    assert.deepEqual(compacted, [seen, seen]);
    await assert.rejects(
      etcdClient.call("KV.Range", { key: Buffer.from("/x"), revision: seen - 1 }),
      /has been compacted/,
    );
  });
});
