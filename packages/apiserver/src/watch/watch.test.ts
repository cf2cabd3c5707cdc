import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceDefinition } from "@kubets/api";
import { VirtualClock } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { pods as pods_ } from "../testing/definitions.ts";
import { admin, configMap, send, testServer, watch } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";
const mergePatch = { headers: { "content-type": "application/merge-patch+json" } };

const summary = (events: { type: string; object: { metadata: { name?: string } } }[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata?.name ?? ""}`.trim());

test("a watch from a list's version sees everything after it, once, in order", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const { json } = await send(server, "GET", maps);
  await send(server, "POST", maps, configMap("b"));
  const watching = await watch(server, `${maps}?watch=true&resourceVersion=${json.metadata.resourceVersion}`);
  await send(server, "PATCH", `${maps}/a`, { data: { x: "1" } }, mergePatch);
  await send(server, "DELETE", `${maps}/b`);
  const events = await watching.until(3);
  assert.deepEqual(summary(events), ["ADDED b", "MODIFIED a", "DELETED b"]);
  const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => a - b),
  );
  assert.equal(new Set(versions).size, 3);
  watching.stop();
});

test("a watch without a version begins with what there is", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const watching = await watch(server, `${maps}?watch=1`);
  await watching.until(1);
  await send(server, "POST", maps, configMap("b"));
  assert.deepEqual(summary(await watching.until(2)), ["ADDED a", "ADDED b"]);
  watching.stop();
});

test("the old watch paths are watches of a collection, everywhere or in a namespace, and of one object", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  await send(server, "POST", maps, configMap("b"));
  for (const [path, names] of [
    ["/api/v1/watch/configmaps", ["ADDED a", "ADDED b"]],
    ["/api/v1/watch/namespaces/default/configmaps", ["ADDED a", "ADDED b"]],
    ["/api/v1/watch/namespaces/default/configmaps/b", ["ADDED b"]],
    ["/api/v1/watch/namespaces/other/configmaps", []],
  ] as const) {
    const watching = await watch(server, path);
    assert.deepEqual(summary(await watching.until(names.length)), names, path);
    watching.stop();
  }
  const one = await watch(server, "/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=");
  assert.deepEqual(summary(await one.until(1)), ["ADDED b"]);
  one.stop();
  const wider = await send(server, "GET", "/api/v1/watch/configmaps/b?fieldSelector=metadata.namespace%3Ddefault");
  assert.deepEqual(
    [wider.status, wider.json.message],
    [400, "fieldSelector metadata.name doesn't match requested name"],
  );
});

test("sendInitialEvents ends the beginning with an annotated bookmark", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const explicit = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  // Which is what a watch from the beginning asks for without saying so.
  for (const query of [explicit, "", "&resourceVersion=0"]) {
    const watching = await watch(server, `${maps}?watch=1&allowWatchBookmarks=true${query}`);
    const events = await watching.until(2);
    assert.deepEqual(summary(events), ["ADDED a", "BOOKMARK"]);
    assert.deepEqual(events[1].object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
    watching.stop();
  }
});

test("objects that enter or leave a selection are added and deleted", async () => {
  const server = testServer();
  const { json } = await send(server, "GET", "/api/v1/pods");
  const from = json.metadata.resourceVersion;
  const byNode = await watch(server, `/api/v1/pods?watch=1&resourceVersion=${from}&fieldSelector=spec.nodeName%3Dn1`);
  const byLabel = await watch(server, `${pods}?watch=1&resourceVersion=${from}&labelSelector=app%3Dx`);
  await send(server, "POST", pods, { metadata: { name: "p" }, spec: {} });
  await send(server, "PATCH", `${pods}/p`, { spec: { nodeName: "n1" } }, mergePatch);
  await send(server, "PATCH", `${pods}/p`, { metadata: { labels: { app: "x" } } }, mergePatch);
  await send(
    server,
    "PATCH",
    `${pods}/p`,
    { metadata: { labels: { app: "y" } }, spec: { nodeName: "n2" } },
    mergePatch,
  );
  assert.deepEqual(summary(await byNode.until(3)), ["ADDED p", "MODIFIED p", "DELETED p"]);
  const labelled = await byLabel.until(2);
  assert.deepEqual(summary(labelled), ["ADDED p", "DELETED p"]);
  assert.deepEqual(labelled[1].object.metadata.labels, { app: "x" });
  byNode.stop();
  byLabel.stop();
});

test("who selects the same shares what it is told, in its own namespaces alone", async () => {
  const server = testServer();
  const from = (await send(server, "GET", pods)).json.metadata.resourceVersion;
  const query = (selector: string) => `pods?watch=1&resourceVersion=${from}&${selector}`;
  const onNode = "fieldSelector=spec.nodeName%3Dn1";
  const others = `labelSelector=app%21%3Dx`;
  const watchers: [expected: string[], path: string][] = [
    [["ADDED p", "ADDED q"], `/api/v1/${query(onNode)}`],
    [["ADDED q"], `/api/v1/namespaces/other/${query(onNode)}`],
    [["ADDED p"], `/api/v1/namespaces/default/${query(onNode)}`],
    [["ADDED q"], `/api/v1/${query(others)}`],
    [["ADDED q"], `/api/v1/${query(others)}`],
    [["ADDED q"], `/api/v1/${query(`${onNode}&${others}`)}`],
    [["ADDED p"], `/api/v1/${query("labelSelector=app%3Dx")}`],
    [["ADDED p", "ADDED q"], `/api/v1/${query("labelSelector=app%20in%20(x,y)")}`],
  ];
  const opened = await Promise.all(watchers.map(async ([, path]) => await watch(server, path)));
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "other" } });
  await send(server, "POST", "/api/v1/namespaces/other/serviceaccounts", { metadata: { name: "default" } });
  const pod = (name: string, app: string) => ({
    metadata: { name, labels: { app } },
    spec: { nodeName: "n1", containers: [{ name: "c", image: "i" }] },
  });
  await send(server, "POST", pods, pod("p", "x"));
  await send(server, "POST", pods.replace("default", "other"), pod("q", "y"));
  for (const [i, [expected, path]] of watchers.entries())
    assert.deepEqual(summary(await opened[i]!.until(expected.length)), expected, path);
  for (const each of opened) each.stop();
});

test("a watch of one object and of another namespace hear nothing else", async () => {
  const server = testServer();
  const one = await watch(server, `${maps}?watch=1&resourceVersion=1&fieldSelector=metadata.name%3Db`);
  const legacy = await watch(server, "/api/v1/watch/namespaces/default/configmaps/b?resourceVersion=1");
  const other = await watch(server, "/api/v1/namespaces/other/configmaps?watch=1&resourceVersion=1");
  await send(server, "POST", maps, configMap("a"));
  await send(server, "POST", maps, configMap("b"));
  await send(server, "POST", "/api/v1/namespaces/other/configmaps", configMap("b"));
  assert.deepEqual(summary(await one.until(1)), ["ADDED b"]);
  assert.deepEqual(summary(await legacy.until(1)), ["ADDED b"]);
  assert.deepEqual((await other.until(1)).length, 1);
  for (const each of [one, legacy, other]) each.stop();
});

test("a watch from before compaction is told 410 and ended", async () => {
  const server = testServer();
  for (const name of ["a", "b", "c"]) await send(server, "POST", maps, configMap(name));
  await server.context.store.compact(server.context.store.revision);
  const watching = await watch(server, `${maps}?watch=1&resourceVersion=1`);
  const [event] = await watching.until(1);
  assert.deepEqual([event.type, event.object.code, event.object.reason], ["ERROR", 410, "Expired"]);
  assert.match(event.object.message, /^too old resource version: 1 \(\d+\)$/);
  assert.equal(watching.ended(), true);
});

test("bookmarks and timeouts come with time", async () => {
  const clock = new VirtualClock();
  const server = testServer({ clock, store: memoryStore() });
  const watching = await watch(server, `${maps}?watch=1&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=100`);
  await send(server, "POST", maps, configMap("a"));
  await watching.until(1);
  await clock.advance(61_000);
  const events = await watching.until(2);
  assert.deepEqual(summary(events), ["ADDED a", "BOOKMARK"]);
  assert.equal(events[1].object.metadata.resourceVersion, events[0].object.metadata.resourceVersion);
  assert.equal(events[1].object.kind, "ConfigMap");
  assert.equal(watching.ended(), false);
  await clock.advance(40_000);
  assert.equal(watching.ended(), true);
});

test("tables: columns come with the first event only", async () => {
  const server = testServer();
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const watching = await watch(server, `${maps}?watch=1&resourceVersion=1`, { accept });
  await send(server, "POST", maps, configMap("a"));
  await send(server, "POST", maps, configMap("b"));
  const [first, second] = await watching.until(2);
  assert.deepEqual(
    first.object.columnDefinitions.map(({ name }: { name: string }) => name),
    ["Name", "Age"],
  );
  assert.equal(second.object.columnDefinitions, null);
  assert.equal(second.object.rows[0].cells[0], "b");
  assert.equal(second.object.rows[0].object.kind, "PartialObjectMetadata");
  watching.stop();
});

test("in-process watches deliver frozen objects, the same ones to all, and lists hold them too", async () => {
  const server = testServer();
  const transport = server.transport(admin);
  const request = { method: "GET", path: maps, query: { watch: "true", resourceVersion: "1" } } as const;
  const [one, two] = [transport.watch(request), transport.watch(request)].map((watching) =>
    watching[Symbol.asyncIterator](),
  );
  const nexts = Promise.all([one!.next(), two!.next()]);
  const created = await transport.request({ method: "POST", path: maps, query: {}, body: configMap("a") });
  const [first, second] = await nexts;
  assert.equal(first.value.object, second.value.object);
  assert.equal(first.value.object, created);
  assert.equal(Object.isFrozen((created as { metadata: object }).metadata), true);
  const list = (await transport.request({ method: "GET", path: maps, query: {} })) as { items: unknown[] };
  assert.equal(list.items[0], created);
  await one!.return?.();
  await two!.return?.();
  await assert.rejects(transport.request({ method: "GET", path: `${maps}/zz`, query: {} }), {
    message: 'configmaps "zz" not found',
  });
  await assert.rejects(transport.request({ method: "GET", path: "/apis/x.io/v1/ys", query: {} }), {
    message: "the server could not find the requested resource",
  });
});

test("many watchers under many writes: each sees all of its own, in order", async () => {
  const server = testServer();
  const watchers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      watch(server, `${i % 2 ? "/api/v1" : "/api/v1/namespaces/default"}/configmaps?watch=1&resourceVersion=1`),
    ),
  );
  const names = Array.from({ length: 100 }, (_, i) => `m${i}`);
  await Promise.all(names.map((name) => send(server, "POST", maps, configMap(name))));
  for (const watching of watchers) {
    const events = await watching.until(100);
    assert.deepEqual(
      events.map(({ object }) => object.metadata.name),
      watchers[0]!.events.map(({ object }) => object.metadata.name),
    );
    watching.stop();
  }
  assert.equal(server.resources.get("", "v1", "configmaps")!.hub.watchers, 0);
});

test("a watcher that chokes on an object is ended; the others go on", async () => {
  const nodeOf = pods_.selectableFields["spec.nodeName"]!;
  const choking = {
    ...pods_,
    selectableFields: {
      ...pods_.selectableFields,
      "status.phase": () => {
        throw new Error("no phase");
      },
      "spec.nodeName": nodeOf,
    },
  } as unknown as ResourceDefinition;
  const server = testServer({ definitions: [choking] });
  const bad = await watch(server, "/api/v1/pods?watch=1&resourceVersion=1&fieldSelector=status.phase%3DPending");
  const good = await watch(server, "/api/v1/pods?watch=1&resourceVersion=1");
  await send(server, "POST", pods, { metadata: { name: "p" }, spec: {} });
  assert.deepEqual(summary(await good.until(1)), ["ADDED p"]);
  const [event] = await bad.until(1);
  assert.deepEqual([event.type, event.object.code], ["ERROR", 500]);
  assert.equal(bad.ended(), true);
  good.stop();
});

test("a crowd of watchers that come in the middle of a burst each see every event once, in order", async () => {
  const server = testServer();
  const { json } = await send(server, "GET", maps);
  const start = Number(json.metadata.resourceVersion);
  const count = 60;
  const joined: { after: number; watching: Awaited<ReturnType<typeof watch>> }[] = [];
  for (let i = 0; i < count; i++) {
    // From the present, and from anywhere in the past.
    const after = i % 3 === 0 ? start + i : start + Math.floor(i / 2);
    const watching = await watch(server, `${maps}?watch=true&resourceVersion=${after}`);
    joined.push({ after, watching });
    assert.equal((await send(server, "POST", maps, configMap(`m${i}`))).status, 201);
  }
  for (const { after, watching } of joined) {
    const wanted = start + count - after;
    const events = await watching.until(wanted);
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(
      versions,
      Array.from({ length: wanted }, (_, index) => after + 1 + index),
    );
    watching.stop();
  }
});
