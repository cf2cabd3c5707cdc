import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap, pod, send, testServer } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";

test("creates refuse what upstream refuses, with its words", async () => {
  const server = testServer();
  const create = (body: unknown, query = "") => send(server, "POST", `${maps}${query}`, body);
  assert.equal((await create(configMap("a"))).status, 201);
  const twice = await create(configMap("a"));
  assert.deepEqual([twice.status, twice.json.message], [409, 'configmaps "a" already exists']);
  const wrongNamespace = await create(configMap("b", {}, { namespace: "other" }));
  assert.deepEqual(
    [wrongNamespace.status, wrongNamespace.json.message],
    [400, "the namespace of the provided object does not match the namespace sent on the request"],
  );
  const ofNone = await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "n", namespace: "other" } });
  assert.deepEqual([ofNone.status, ofNone.json.metadata.namespace], [201, undefined], "a cluster's kind is of none");
  const wrongVersion = await create({ ...configMap("b"), apiVersion: "apps/v1" });
  assert.equal(
    wrongVersion.json.message,
    "the API version in the data (apps/v1) does not match the expected API version (v1)",
  );
  const nameless = await create({ apiVersion: "v1", kind: "ConfigMap", metadata: {} });
  assert.deepEqual(
    [nameless.status, nameless.json.message],
    [422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'],
  );
  assert.equal((await create(configMap("Bad_Name"))).status, 422);
  const dry = await create(configMap("dry"), "?dryRun=All");
  assert.equal(dry.status, 201);
  assert.equal((await send(server, "GET", `${maps}/dry`)).status, 404);
  const badDry = await create(configMap("dry"), "?dryRun=Some");
  assert.equal(badDry.status, 422);
  const versioned = await create(configMap("c", {}, { resourceVersion: "12" }));
  assert.equal(versioned.json.message, "resourceVersion should not be set on objects to be created");
});

test("generateName makes names until one is free", async () => {
  const server = testServer();
  const names = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const created = await send(server, "POST", maps, { metadata: { generateName: "web-" } });
    assert.equal(created.status, 201, created.text);
    assert.match(created.json.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    names.add(created.json.metadata.name);
  }
  assert.equal(names.size, 20);
});

test("fieldValidation: strict refuses, warn warns, ignore is silent; unknown fields are never stored", async () => {
  const server = testServer();
  const body = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"1","a":"2"},"extra":1}';
  const strict = await send(server, "POST", `${maps}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.equal(
    strict.json.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", unknown field "extra"',
  );
  const warned = await send(server, "POST", maps, body);
  assert.equal(warned.status, 201);
  assert.deepEqual(warned.headers["warning"], [
    '299 - "duplicate field \\"data.a\\""',
    '299 - "unknown field \\"extra\\""',
  ]);
  assert.equal(warned.json.extra, undefined);
  const silent = await send(server, "POST", `${maps}?fieldValidation=Ignore`, body.replace('"x"', '"y"'));
  assert.equal(silent.headers["warning"], undefined);
});

test("an update that changes nothing is no write", async () => {
  const server = testServer();
  const created = await send(server, "POST", maps, configMap("a", { k: "v" }));
  const again = await send(server, "PUT", `${maps}/a`, configMap("a", { k: "v" }));
  assert.equal(again.status, 200, again.text);
  assert.equal(again.json.metadata.resourceVersion, created.json.metadata.resourceVersion);
});

test("an update keeps what it may not change", async () => {
  const server = testServer();
  const created = (await send(server, "POST", pods, pod("p"))).json;
  assert.equal(created.metadata.generation, 1);
  const wrongUid = await send(server, "PUT", `${pods}/p`, { ...created, metadata: { ...created.metadata, uid: "x" } });
  assert.equal(wrongUid.status, 409);
  assert.match(
    wrongUid.json.message,
    /"p": StorageError: invalid object, Code: 4, Key: \/registry\/pods\/default\/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: [0-9a-f-]{36}$/,
  );
  const status = await send(server, "PUT", `${pods}/p/status`, {
    ...created,
    spec: { nodeName: "n" },
    status: { phase: "Running" },
  });
  assert.equal(status.status, 200, status.text);
  assert.deepEqual([status.json.spec, status.json.status], [{}, { phase: "Running" }]);
  const main = await send(server, "PUT", `${pods}/p`, pod("p", { nodeName: "n" }));
  assert.deepEqual([main.json.spec, main.json.status], [{ nodeName: "n" }, { phase: "Running" }]);
  const otherName = await send(server, "PUT", `${pods}/p`, pod("q"));
  assert.equal(otherName.json.message, "the name of the object (q) does not match the name on the URL (p)");
});

test("json, merge and strategic merge patches", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { containers: [{ name: "a", image: "1" }] }));
  const patch = (type: string, body: unknown, query = "") =>
    send(server, "PATCH", `${pods}/p${query}`, body, { headers: { "content-type": `application/${type}+json` } });
  const merged = await patch("merge-patch", { metadata: { labels: { x: "y" } } });
  assert.equal(merged.status, 200, merged.text);
  assert.deepEqual(merged.json.metadata.labels, { x: "y" });
  const strategic = await patch("strategic-merge-patch", { spec: { containers: [{ name: "b", image: "2" }] } });
  assert.deepEqual(strategic.json.spec.containers.map(({ name }: { name: string }) => name).sort(), ["a", "b"]);
  const json = await patch("json-patch", [{ op: "replace", path: "/spec/containers/0/image", value: "9" }]);
  assert.equal(json.json.spec.containers[0].image, "9");
  const failing = await patch("json-patch", [{ op: "test", path: "/spec/nodeName", value: "z" }]);
  assert.equal(failing.status, 422);
  const stale = await patch("merge-patch", { metadata: { resourceVersion: "1" } });
  assert.equal(stale.status, 409);
  const unknown = await patch("merge-patch", { spec: { foo: 1 } }, "?fieldValidation=Strict");
  assert.equal(unknown.status, 422);
  assert.match(unknown.json.message, /strict decoding error: unknown field "spec.foo"$/);
  const type = await patch("nonsense", {});
  assert.equal(type.status, 415);
  const renamed = await patch("merge-patch", { metadata: { name: "q" } });
  assert.equal(renamed.status, 400);
});

test("patches made at the same time all count", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const headers = { "content-type": "application/merge-patch+json" };
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
  const answers = await Promise.all(
    keys.map((key) => send(server, "PATCH", `${maps}/a`, { data: { [key]: "1" } }, { headers })),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const { json } = await send(server, "GET", `${maps}/a`);
  assert.deepEqual(Object.keys(json.data).sort(), keys.sort());
});

test("scale reads and writes replicas", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { replicas: 2 }));
  const scale = (await send(server, "GET", `${pods}/p/scale`)).json;
  assert.deepEqual([scale.kind, scale.spec], ["Scale", { replicas: 2 }]);
  const headers = { "content-type": "application/merge-patch+json" };
  const patched = await send(server, "PATCH", `${pods}/p/scale`, { spec: { replicas: 5 } }, { headers });
  assert.deepEqual(patched.json.spec, { replicas: 5 }, patched.text);
  const put = await send(server, "PUT", `${pods}/p/scale`, { ...patched.json, spec: {} });
  assert.equal(put.status, 200, put.text);
  assert.equal((await send(server, "GET", `${pods}/p`)).json.spec.replicas, 0);
  const negative = await send(server, "PUT", `${pods}/p/scale`, { ...patched.json, spec: { replicas: -1 } });
  assert.equal(negative.status, 422);
  const nameless = await send(server, "PUT", `${pods}/p/scale`, { spec: { replicas: 1 } });
  assert.match(nameless.json.message, /the name of the object \(p based on URL\) was undeterminable/);
  const other = await send(server, "PUT", `${pods}/p/scale`, pod("p", { replicas: 2 }));
  assert.deepEqual([other.status, other.json.reason], [400, "BadRequest"], other.text);
});
