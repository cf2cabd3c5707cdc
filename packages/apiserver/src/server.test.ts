import assert from "node:assert/strict";
import { test } from "node:test";
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
      code: 200,
    },
  );
  const gone = await send(server, "GET", `${maps}/a`);
  assert.equal(gone.status, 404);
  assert.equal(gone.json.message, 'configmaps "a" not found');
});
