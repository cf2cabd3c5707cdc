import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterRoles, configMaps, findDefinition, type Resource } from "@kubets/api";
import { type KubeObject, VirtualClock } from "@kubets/apimachinery";
import { type Entry, memoryStore, type Store, type StoreEvent, type WatchOptions } from "@kubets/storage";
import { StoreReader } from "./object-reader.ts";

const definitionOf = ({ group, version, plural }: Resource) => findDefinition(group, version, plural)!;

test("an object that cannot be read is told of as an error, and what comes after it is followed all the same", async () => {
  const store = memoryStore();
  const errors: string[] = [];
  const reader = new StoreReader(store, definitionOf, ({ message }) => errors.push(message));
  const seen: string[] = [];
  const told = (what: string) => (object: { metadata?: { name?: string } }) =>
    void seen.push(`${what} ${object.metadata?.name}`);
  const stop = new AbortController();
  await reader.subscribe(configMaps, { put: told("put"), remove: told("remove") }, stop.signal);
  const write = (name: string, text: string | undefined, expectedRevision = 0) => {
    const value = text === undefined ? undefined : () => ({ bytes: Buffer.from(text) });
    return store.commit({ key: `/registry/configmaps/default/${name}`, expectedRevision, value });
  };
  await write("broken", "no JSON at all");
  const { modRevision } = await write("good", '{"metadata":{"name":"good"}}');
  await write("good", undefined, modRevision);
  assert.deepEqual(seen, ["put good", "remove good"]);
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /^\/registry\/configmaps\/default\/broken cannot be followed: /);
  stop.abort();
});

test("objects are listed by namespace and by labels", async () => {
  const store = memoryStore();
  const reader = new StoreReader(store, definitionOf);
  const write = (namespace: string, name: string, labels?: object) => {
    const bytes = Buffer.from(JSON.stringify({ metadata: { name, namespace, labels } }));
    return store.commit({ key: `/registry/configmaps/${namespace}/${name}`, value: () => ({ bytes }) });
  };
  await write("a", "one", { app: "web", tier: "front" });
  await write("a", "two", { app: "web" });
  await write("a", "three");
  await write("b", "four", { app: "web", tier: "front" });
  const names = async (namespace: string, labels?: Record<string, string>) =>
    (await reader.list(configMaps, namespace, labels)).map(({ metadata }) => metadata?.name);
  assert.deepEqual(await names("a"), ["one", "three", "two"]);
  assert.deepEqual(await names("a", { app: "web" }), ["one", "two"]);
  assert.deepEqual(await names("", { app: "web", tier: "front" }), ["one", "four"]);
  assert.deepEqual(await names("a", { constructor: "" }), []);
});

test("an object that became unreadable and was then deleted is known to be gone", async () => {
  for (const [resource, path, namespace] of [
    [configMaps, "configmaps/default/x", "default"],
    [clusterRoles, "clusterroles/x", undefined],
  ] as const) {
    const store = memoryStore();
    const key = `/registry/${path}`;
    const reader = new StoreReader(store, definitionOf, () => {});
    const stop = new AbortController();
    const known = new Set<string>();
    const handler = {
      put: ({ metadata }: KubeObject) => void known.add(`${metadata?.namespace}/${metadata?.name}`),
      remove: ({ metadata }: KubeObject) => void known.delete(`${metadata?.namespace}/${metadata?.name}`),
    };
    await reader.subscribe<KubeObject>(resource, handler, stop.signal);
    let revision = 0;
    const write = async (text: string | undefined) => {
      const value = text === undefined ? undefined : () => ({ bytes: Buffer.from(text) });
      revision = (await store.commit({ key, expectedRevision: revision, value })).modRevision;
    };
    await write(JSON.stringify({ metadata: { name: "x", namespace } }));
    await write("no JSON at all");
    assert.deepEqual([...known], [`${namespace}/x`]);
    await write(undefined);
    assert.deepEqual([...known], []);
    stop.abort();
  }
});

test("a value that nobody can decrypt when it comes is told of once somebody can", async () => {
  const clock = new VirtualClock();
  const key = "/registry/configmaps/default/x";
  const readable = {
    key,
    value: Buffer.from('{"metadata":{"name":"x"}}'),
    createRevision: 1,
    modRevision: 2,
    memo: undefined,
  };
  const sealed: Entry = { ...readable, value: Buffer.from("k8s:enc:"), unreadable: new Error("the plugin is away") };
  let current: Entry = sealed;
  let tell: ((events: readonly StoreEvent[]) => void) | undefined;
  const store = {
    list: async () => ({ entries: [], revision: 1 }),
    get: async () => current,
    watch: async (_prefix: string, options: WatchOptions) => {
      tell = options.onEvents;
    },
  } as unknown as Store;
  const errors: string[] = [];
  const reader = new StoreReader(store, definitionOf, ({ message }) => errors.push(message), clock);
  const seen: string[] = [];
  const stop = new AbortController();
  const handler = { put: ({ metadata }: KubeObject) => void seen.push(metadata?.name ?? ""), remove: () => {} };
  await reader.subscribe<KubeObject>(configMaps, handler, stop.signal);
  const put = { type: "put", entry: sealed, revision: 2, previous: undefined } as StoreEvent;
  tell?.([put]);
  await clock.advance(10_000);
  assert.deepEqual([seen, errors.length], [[], 1]);
  current = readable;
  await clock.advance(10_000);
  assert.deepEqual([seen, clock.pendingTimers], [["x"], 0]);
  current = sealed;
  tell?.([put]);
  current = { ...readable, modRevision: 3 };
  await clock.advance(10_000);
  assert.deepEqual([seen, clock.pendingTimers], [["x"], 0], "an event of its own tells of what came after it");
  stop.abort();
});
