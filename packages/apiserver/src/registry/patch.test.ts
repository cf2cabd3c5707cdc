import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer, define, mergePatch, specOf, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { configMap, send } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const jsonPatch = { headers: { "content-type": "application/json-patch+json" } };
const apply = { headers: { "content-type": "application/apply-patch+yaml" } };

test("what is odd about a JSON patch is warned of as the patch's", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a", { k: "v" }));
  const patch = [{ op: "replace", path: "/data/k", value: "w", zip: 1 }];
  const warned = await send(server, "PATCH", `${maps}/a`, patch, jsonPatch);
  assert.deepEqual(warned.headers["warning"], ['299 - "json patch unknown field \\"[0].zip\\""']);
  const strict = await send(server, "PATCH", `${maps}/a?fieldValidation=Strict`, patch, jsonPatch);
  assert.match(strict.json.message, /strict decoding error: json patch unknown field "\[0\]\.zip"$/);
  assert.equal((await send(server, "PATCH", `${maps}/b`, {}, jsonPatch)).status, 404);
  const refused: readonly [unknown, RegExp][] = [
    [{}, /^error decoding patch: json: cannot unmarshal object into Go value of type \[\]handlers\.jsonPatchOp$/],
    [[[]], /^error decoding patch: json: cannot unmarshal array into Go value of type handlers\.jsonPatchOp$/],
    [[{ op: 1 }], /^error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp\.op of type/],
  ];
  for (const [body, message] of refused) {
    const { status, json } = await send(server, "PATCH", `${maps}/a`, body, jsonPatch);
    assert.equal(status, 400);
    assert.match(json.message, message);
  }
});

test("a patch cannot change a uid or begin a deletion, and may leave out what the URL says", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a"));
  const causes = async (metadata: object) => {
    const { status, json } = await send(server, "PATCH", `${maps}/a`, { metadata }, mergePatch);
    return [status, json.details?.causes?.[0]?.field ?? json.message];
  };
  assert.deepEqual(await causes({ uid: "other" }), [422, "metadata.uid"]);
  assert.deepEqual(await causes({ deletionTimestamp: "2001-01-01T00:00:00Z" }), [422, "metadata.deletionTimestamp"]);
  assert.match(
    String((await causes({ name: null }))[1]),
    /\(a based on URL\) was undeterminable: name must be provided/,
  );
  const { status, json } = await send(server, "PATCH", `${maps}/a`, { metadata: { namespace: null } }, mergePatch);
  assert.deepEqual([status, json.metadata.namespace], [200, "default"]);
  assert.equal((await send(server, "PATCH", `${maps}/a`, null, mergePatch)).json.message, "Invalid JSON Patch");
});

test("a strategic merge patch is an object, or nothing, in which every number is one", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a"));
  const strategic = { headers: { "content-type": "application/strategic-merge-patch+json" } };
  const patch = async (body: string) => {
    const { status, json } = await send(server, "PATCH", `${maps}/a`, body, strategic);
    return [status, json.message];
  };
  assert.deepEqual(await patch("null"), [200, undefined]);
  const map = "json: cannot unmarshal array into Go value of type map[string]interface {}";
  assert.deepEqual(await patch("[]"), [400, map]);
  const float = "json: cannot unmarshal number 1e999 into Go value of type float64";
  assert.deepEqual(await patch('{"data":{"a":1e999}}'), [400, float]);
});

test("a custom object that a patch makes says what it is", async (t) => {
  const server = await customServer(t);
  await define(server, widgets(specOf({ size: { type: "integer" } })));
  await send(server, "POST", widgetsPath, widget("w"));
  const message = async (patch: object) => {
    const { status, json } = await send(server, "PATCH", `${widgetsPath}/w`, patch, mergePatch);
    assert.equal(status, 422);
    return json.message;
  };
  assert.equal(
    await message({ kind: "Other" }),
    'Other.example.com "w" is invalid: kind: Invalid value: "Other": must be Widget',
  );
  assert.match(await message({ apiVersion: "v9" }), /^Widget "w" is invalid: apiVersion: .* must be example\.com\/v1$/);
  assert.match(await message({ kind: null }), /Invalid value: "\{.*\}": Object 'Kind' is missing in '\{"apiVersion":/);
  assert.match(await message({ metadata: "x" }), /cannot unmarshal string into Go value of type v1\.ObjectMeta$/);
});

test("an apply that changes nothing gives its manager no time; types are looked at before conflicts", async (t) => {
  const server = await customServer(t);
  await define(
    server,
    widgets(specOf({ size: { type: "integer" }, tags: { type: "array", items: { type: "string" } } })),
  );
  const send1 = (manager: string, spec: object) =>
    send(server, "PATCH", `${widgetsPath}/w?fieldManager=${manager}`, widget("w", { spec }), apply);
  await send1("one", { size: 1 });
  const { json } = await send1("two", { size: 1 });
  const times = json.metadata.managedFields.map((entry: { manager: string; time?: string }) => [
    entry.manager,
    entry.time === undefined,
  ]);
  assert.deepEqual(Object.fromEntries(times), { one: false, two: true });
  assert.equal((await send1("three", { size: 2 })).status, 409);
  const mistyped = await send1("three", { size: "x" });
  assert.equal(
    mistyped.json.message,
    "failed to create typed patch object (/w; example.com/v1, Kind=Widget): .spec.size: expected numeric (int or float), got string",
  );
});

test("who takes the last finalizer away is answered with what is left; what is empty is not there", async () => {
  const server = realServer();
  await send(server, "POST", maps, { metadata: { name: "a", labels: {}, finalizers: ["example.com/x"] } });
  await send(server, "DELETE", `${maps}/a`);
  const { status, json } = await send(server, "PATCH", `${maps}/a`, { metadata: { finalizers: [] } }, mergePatch);
  assert.deepEqual([status, json.metadata.finalizers, json.metadata.labels], [200, undefined, undefined]);
  assert.equal((await send(server, "GET", `${maps}/a`)).status, 404);
});

test("what is being deleted exists still, and is said to be on its way out", async () => {
  const server = realServer();
  await send(server, "POST", maps, { metadata: { name: "a", finalizers: ["example.com/x"] } });
  await send(server, "DELETE", `${maps}/a`);
  const { status, json } = await send(server, "POST", maps, configMap("a"));
  assert.deepEqual([status, json.reason], [409, "AlreadyExists"]);
  assert.equal(json.message, 'object is being deleted: configmaps "a" already exists');
});
