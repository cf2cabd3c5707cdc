import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { realServer } from "./testing/real-server.ts";
import { configMap, send, testServer } from "./testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";

test("an object is created, read, listed, updated and deleted", async () => {
  const server = testServer();
  const created = await send(server, "POST", maps, configMap("a", { k: "v" }));
  assert.equal(created.status, 201, created.text);
  assert.match(
    created.text,
    /^\{"kind":"ConfigMap","apiVersion":"v1","metadata":\{"name":"a","namespace":"default","uid":"/,
  );
  const { metadata } = created.json;
  assert.match(metadata.creationTimestamp, /^\d{4}-.*Z$/);

  const got = await send(server, "GET", `${maps}/a`);
  assert.equal(got.text, created.text);

  const list = await send(server, "GET", maps);
  assert.equal(list.json.kind, "ConfigMapList");
  assert.equal(list.json.items.length, 1);
  assert.equal(list.json.items[0].kind, undefined);
  assert.equal(list.json.items[0].metadata.uid, metadata.uid);

  const updated = await send(server, "PUT", `${maps}/a`, { ...created.json, data: { k: "w" } });
  assert.equal(updated.status, 200, updated.text);
  assert.notEqual(updated.json.metadata.resourceVersion, metadata.resourceVersion);

  const stale = await send(server, "PUT", `${maps}/a`, { ...created.json, data: { k: "x" } });
  assert.equal(stale.status, 409);
  assert.equal(
    stale.json.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
  );

  const deleted = await send(server, "DELETE", `${maps}/a`);
  assert.equal(deleted.status, 200);
  assert.deepEqual(
    { ...deleted.json, details: { ...deleted.json.details, uid: "" } },
    {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: "a", kind: "configmaps", uid: "" },
    },
  );
  const gone = await send(server, "GET", `${maps}/a`);
  assert.equal(gone.status, 404);
  assert.equal(gone.json.message, 'configmaps "a" not found');
});

test("documents that are only read: 405 where upstream's router answers, the document where its aggregation layer does", async () => {
  const server = realServer();
  for (const path of ["/version", "/api", "/api/v1", "/apis/apps/v1"]) {
    const { status, json } = await send(server, "POST", path, {});
    const message = "the server does not allow this method on the requested resource";
    const expected = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
    assert.deepEqual([status, json], [405, { ...expected, reason: "MethodNotAllowed", details: {}, code: 405 }], path);
  }
  assert.equal((await send(server, "POST", "/apis", {})).json.kind, "APIGroupList");
  assert.equal((await send(server, "POST", "/apis/apps", {})).json.kind, "APIGroup");
  assert.equal((await send(server, "POST", "/apis/none", {})).status, 404);
});

test("health checks are named as upstream's, in its order, and listed among the paths", async () => {
  const clock = new VirtualClock();
  const server = testServer({ postStartHooks: ["a"], clock, livezGraceMs: 1000 });
  const { paths } = (await send(server, "GET", "/")).json;
  for (const path of ["/livez/poststarthook/a", "/readyz/etcd-readiness", "/healthz/log"])
    assert.ok(paths.includes(path));
  const names = async (path: string) => (await send(server, "GET", `${path}?verbose`)).text.match(/(?<=\[[+-]\])\S+/g);
  assert.deepEqual(await names("/livez"), ["ping", "log", "etcd", "poststarthook/a"]);
  const ready = ["ping", "log", "etcd", "etcd-readiness", "informer-sync", "poststarthook/a", "shutdown"];
  assert.deepEqual(await names("/readyz"), ready);
  assert.deepEqual(
    [(await send(server, "GET", "/livez")).status, (await send(server, "GET", "/healthz")).status],
    [200, 500],
  );
  await clock.advance(1000);
  assert.equal((await send(server, "GET", "/livez")).status, 500);
});
