import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap, pod, send, testServer } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";

test("finalizers hold a deleted object until they are gone", async () => {
  const server = testServer();
  const created = (await send(server, "POST", maps, configMap("a", {}, { finalizers: ["example.com/x"] }))).json;
  const deleted = await send(server, "DELETE", `${maps}/a`);
  assert.equal(deleted.json.kind, "ConfigMap");
  assert.notEqual(deleted.json.metadata.deletionTimestamp, undefined);
  assert.equal(deleted.json.metadata.deletionGracePeriodSeconds, 0);
  const again = await send(server, "DELETE", `${maps}/a`);
  assert.equal(again.json.metadata.resourceVersion, deleted.json.metadata.resourceVersion);
  const added = {
    ...deleted.json,
    metadata: { ...deleted.json.metadata, finalizers: ["example.com/x", "example.com/y"] },
  };
  const refused = await send(server, "PUT", `${maps}/a`, added);
  assert.equal(refused.status, 422);
  assert.match(refused.json.message, /no new finalizers can be added if the object is being deleted/);
  const headers = { "content-type": "application/merge-patch+json" };
  const freed = await send(server, "PATCH", `${maps}/a`, { metadata: { finalizers: null } }, { headers });
  assert.equal(freed.status, 200, freed.text);
  assert.equal(freed.json.metadata.uid, created.metadata.uid);
  assert.equal((await send(server, "GET", `${maps}/a`)).status, 404);
});

test("propagation policies become the garbage collector's finalizers", async () => {
  const server = testServer();
  for (const [policy, finalizer] of [
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ]) {
    await send(server, "POST", maps, configMap("a"));
    const deleted = await send(server, "DELETE", `${maps}/a`, { kind: "DeleteOptions", propagationPolicy: policy });
    assert.deepEqual(deleted.json.metadata.finalizers, [finalizer]);
    const headers = { "content-type": "application/merge-patch+json" };
    await send(server, "PATCH", `${maps}/a`, { metadata: { finalizers: [] } }, { headers });
    assert.equal((await send(server, "GET", `${maps}/a`)).status, 404);
  }
});

test("grace periods: a running pod waits, a shorter one shortens, zero removes", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { nodeName: "n" }));
  const waiting = await send(server, "DELETE", `${pods}/p`);
  assert.equal(waiting.json.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(waiting.json.metadata.generation, 2);
  const longer = await send(server, "DELETE", `${pods}/p?gracePeriodSeconds=60`);
  assert.equal(longer.json.metadata.resourceVersion, waiting.json.metadata.resourceVersion);
  const shorter = await send(server, "DELETE", `${pods}/p`, { gracePeriodSeconds: 5 });
  assert.equal(shorter.json.metadata.deletionGracePeriodSeconds, 5);
  const gone = await send(server, "DELETE", `${pods}/p`, { gracePeriodSeconds: 0 });
  assert.equal(gone.json.kind, "Pod");
  assert.equal((await send(server, "GET", `${pods}/p`)).status, 404);
});

test("delete preconditions and dry run", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const wrong = await send(server, "DELETE", `${maps}/a`, { preconditions: { uid: "x" } });
  assert.equal(wrong.status, 409);
  assert.match(
    wrong.json.message,
    /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) does not match/,
  );
  const dry = await send(server, "DELETE", `${maps}/a`, { dryRun: ["All"] });
  assert.equal(dry.status, 200);
  assert.equal((await send(server, "GET", `${maps}/a`)).status, 200);
  const all = await send(server, "DELETE", maps);
  assert.equal(all.json.kind, "ConfigMapList");
  assert.equal((await send(server, "GET", maps)).json.items.length, 0);
});
