/** Integers that no double holds, on every way through the server. Upstream keeps them as int64. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, encodeProtobuf } from "@kubets/api/protobuf";
import { parseJson } from "@kubets/apimachinery";
import {
  causesOf,
  customServer,
  define,
  mergePatch,
  specOf,
  widget,
  widgets,
  widgetsPath,
} from "./testing/custom-resources.ts";
import { send, watch } from "./testing/server.ts";

const big = 9007199254740993n;
const largest = 9223372036854775807n;
const integer = { type: "integer" };
const at = (path: string) => `${widgetsPath}/${path}`;
const typed = (type: string) => ({ headers: { "content-type": `application/${type}` } });
const table = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } };
const patches = { json: typed("json-patch+json"), apply: typed("apply-patch+yaml") };

const crd = widgets(
  specOf({
    count: { ...integer, format: "int64" },
    filled: { ...integer, default: big },
    either: { "x-kubernetes-int-or-string": true },
    bounded: { ...integer, minimum: Number(big), maximum: 2 ** 60, multipleOf: 3 },
    one: { ...integer, enum: [big] },
    real: { type: "number" },
    small: { ...integer, format: "int32" },
    set: { type: "array", items: integer, "x-kubernetes-list-type": "set" },
    keyed: {
      type: "array",
      items: { type: "object", properties: { key: integer, text: { type: "string" } }, required: ["key"] },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
    },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    ruled: { ...integer, "x-kubernetes-validations": [{ rule: "self == 9007199254740993", message: "not it" }] },
  }),
  {
    additionalPrinterColumns: [{ name: "N", type: "integer", jsonPath: ".spec.count" }],
    selectableFields: [{ jsonPath: ".spec.count" }],
  },
);

test("a custom object keeps them, however it is written and read", async (t) => {
  const server = await customServer(t);
  assert.equal((await define(server, crd)).status, 201);
  const events = await watch(server, `${widgetsPath}?watch=true`);
  t.after(events.stop);
  const spec = { count: big, either: -big, one: big, real: 1, free: { deep: [largest, big] }, ruled: big };
  const created = await send(server, "POST", widgetsPath, widget("w", { spec }));
  assert.equal(created.status, 201, created.text);
  assert.deepEqual(created.json.spec, { ...spec, filled: big });
  assert.deepEqual((await send(server, "GET", at("w"))).json.spec, { ...spec, filled: big });
  assert.match(
    (await send(server, "GET", at("w"), undefined, { headers: { accept: "application/yaml" } })).text,
    /count: 9007199254740993\n/,
  );
  assert.match((await send(server, "GET", at("w?pretty=true"))).text, /"count": 9007199254740993,/);

  const n = async () => (await send(server, "GET", at("w"))).json.spec.count;
  await send(server, "PUT", at("w"), { ...created.json, spec: { ...spec, count: big + 2n } });
  assert.equal(await n(), big + 2n);
  await send(server, "PATCH", at("w"), { spec: { count: big + 4n } }, mergePatch);
  assert.equal(await n(), big + 4n);
  const operations = [
    { op: "test", path: "/spec/count", value: big + 4n },
    { op: "replace", path: "/spec/count", value: big + 6n },
    { op: "copy", from: "/spec/count", path: "/spec/either" },
  ];
  assert.equal((await send(server, "PATCH", at("w"), operations, patches.json)).json.spec.either, big + 6n);
  const wrong = [{ op: "test", path: "/spec/count", value: big + 5n }];
  assert.equal((await send(server, "PATCH", at("w"), wrong, patches.json)).status, 422);
  const applied = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}, spec: {count: ${big + 6n}, set: [${big}, ${big + 1n}], keyed: [{key: ${big}, text: a}]}}`;
  const reply = await send(server, "PATCH", at("w?fieldManager=me"), applied, patches.apply);
  assert.deepEqual([reply.json.spec.count, reply.json.spec.set], [big + 6n, [big, big + 1n]], reply.text);
  const mine = reply.json.metadata.managedFields.find((entry: { manager: string }) => entry.manager === "me").fieldsV1;
  assert.deepEqual(Object.keys(mine["f:spec"]["f:set"]), [`v:${big}`, `v:${big + 1n}`]);
  assert.deepEqual(Object.keys(mine["f:spec"]["f:keyed"]), [`k:{"key":${big}}`]);
  const other = applied.replace(`count: ${big + 6n}`, `count: ${big + 7n}`);
  assert.equal((await send(server, "PATCH", at("w?fieldManager=other"), other, patches.apply)).status, 409);
  const less = applied.replace(`, ${big + 1n}]`, "]");
  assert.deepEqual((await send(server, "PATCH", at("w?fieldManager=me"), less, patches.apply)).json.spec.set, [big]);

  const list = await send(server, "GET", `${widgetsPath}?fieldSelector=spec.count%3D${big + 6n}`);
  assert.deepEqual(
    list.json.items.map((item: { spec: { count: bigint } }) => item.spec.count),
    [big + 6n],
  );
  assert.deepEqual((await send(server, "GET", widgetsPath, undefined, table)).json.rows[0].cells, ["w", big + 6n]);
  const seen = (await events.until(6)).map((event) => event.object.spec.count);
  assert.deepEqual(seen, [big, big + 2n, big + 4n, big + 6n, big + 6n, big + 6n]);
});

test("rules and limits of a schema compare them exactly", async (t) => {
  const server = await customServer(t);
  await define(server, crd);
  const faults = async (spec: object) =>
    causesOf(await send(server, "POST", `${widgetsPath}?dryRun=All`, widget("w", { spec })));
  assert.deepEqual(
    await faults({ ruled: big + 1n }),
    ["spec.ruled: Invalid value: not it"].map((each) => each.replace("not it", `${big + 1n}: not it`)),
  );
  assert.deepEqual(await faults({ ruled: big }), []);
  assert.deepEqual(await faults({ bounded: 9007199254740993n }), []);
  assert.deepEqual(await faults({ bounded: 2n ** 60n + 2n }), [
    `spec.bounded: Invalid value: ${2n ** 60n + 2n}: spec.bounded in body should be less than or equal to ${2 ** 60}`,
  ]);
  assert.deepEqual(await faults({ bounded: 9007199254740994n }), [
    "spec.bounded: Invalid value: 9007199254740994: spec.bounded in body should be a multiple of 3",
  ]);
  assert.equal(
    (await faults({ one: big + 1n }))[0],
    `spec.one: Unsupported value: ${big + 1n}: supported values: "${big}"`,
  );
  assert.equal((await faults({ small: big })).length, 1);
  assert.deepEqual(await faults({ set: [big, big + 1n] }), []);
  assert.deepEqual(await faults({ set: [big, big] }), [`spec.set[1]: Duplicate value: ${big}`]);
  assert.match((await faults({ count: "x" }))[0] ?? "", /must be of type integer: "string"/);
});

test("built-in kinds keep them where they have int64 fields", async (t) => {
  const server = await customServer(t);
  const path = "/api/v1/namespaces/default/pods";
  const containers = [{ name: "c", image: "i" }];
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    spec: { terminationGracePeriodSeconds: big, containers },
  };
  const created = await send(server, "POST", path, pod);
  assert.equal(created.json.spec.terminationGracePeriodSeconds, big, created.text);
  const strategic = await send(
    server,
    "PATCH",
    `${path}/p`,
    { metadata: { labels: { a: "b" } } },
    typed("strategic-merge-patch+json"),
  );
  assert.equal(strategic.json.spec.terminationGracePeriodSeconds, big, strategic.text);
  await send(server, "POST", `${path}/p/binding`, { metadata: { name: "p" }, target: { name: "n" } });
  const deleted = await send(server, "DELETE", `${path}/p`);
  assert.equal(deleted.json.metadata.deletionTimestamp, "9999-12-31T23:59:59Z", deleted.text);

  const revision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: "r", namespace: "default" },
    revision: largest,
    data: { n: big },
  };
  const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";
  const kept = await send(server, "POST", revisions, revision);
  assert.deepEqual([kept.json.revision, kept.json.data], [largest, { n: big }], kept.text);
  const again = decodeProtobuf(encodeProtobuf(kept.json)) as typeof kept.json;
  assert.deepEqual([again.revision, again.data], [largest, { n: big }]);
  const tooMuch = await send(
    server,
    "POST",
    revisions,
    JSON.stringify({ ...revision, revision: 1, data: {} }).replace(":1,", ":9223372036854775808,"),
  );
  assert.equal(tooMuch.status, 400);

  const quantity = await send(server, "POST", "/api/v1/namespaces/default/resourcequotas", {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "q" },
    spec: { hard: { memory: big } },
  });
  assert.deepEqual(parseJson(quantity.text) && quantity.json.spec.hard, { memory: String(big) });
});

test("a definition may say them of its schema: limits, defaults and what is published", async (t) => {
  const server = await customServer(t);
  const limits = { maxLength: big, minLength: 0 };
  const rule = [{ rule: "size(self) < 9007199254740993" }];
  const schema = specOf({
    text: { type: "string", ...limits, "x-kubernetes-validations": rule },
    list: { type: "array", items: integer, maxItems: big },
    map: { type: "object", additionalProperties: { type: "string" }, maxProperties: big },
    filled: { ...integer, default: big, enum: [big] },
  });
  const defined = await define(server, widgets(schema));
  assert.equal(defined.status, 201, defined.text);
  assert.equal((await send(server, "POST", widgetsPath, widget("w", { spec: { text: "x", list: [1] } }))).status, 201);
  for (const path of ["/openapi/v3/apis/example.com/v1", "/openapi/v2"]) {
    const { status, text } = await send(server, "GET", path);
    assert.equal(status, 200);
    assert.match(text, /"default":9007199254740993/);
  }
});
