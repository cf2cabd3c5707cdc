import assert from "node:assert/strict";
import { test } from "node:test";
import {
  causesOf,
  crdsPath,
  customServer,
  define,
  mergePatch,
  specOf,
  widget,
  widgets,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

const text = { type: "string" };
const integer = { type: "integer" };

test("values that do not fit are refused with upstream's causes", async (t) => {
  const server = await customServer(t);
  const properties = {
    int: { type: "integer", minimum: 1, maximum: 5, multipleOf: 2 },
    int32: { type: "integer", format: "int32" },
    number: { type: "number", exclusiveMinimum: true, minimum: 0 },
    text: { type: "string", minLength: 2, maxLength: 3, pattern: "^a" },
    enum: { type: "string", enum: ["a", "b"] },
    list: { type: "array", minItems: 1, maxItems: 2, items: text },
    map: { type: "object", maxProperties: 1, additionalProperties: integer },
    date: { type: "string", format: "date-time" },
    either: { "x-kubernetes-int-or-string": true },
    one: { type: "integer", oneOf: [{ minimum: 5 }, { maximum: 1 }] },
    maybe: { type: "string", nullable: true },
    not: { type: "string", not: { enum: ["x"] } },
  };
  await define(server, widgets(specOf(properties, { required: ["int"] })));
  const cases: readonly (readonly [content: object, ...causes: string[]])[] = [
    [{}, "spec.int: Required value"],
    [
      { int: 2.5 },
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.int',
      'spec.int: Invalid value: "number": spec.int in body must be of type integer: "number"',
      "spec.int: Invalid value: 2.5: spec.int in body should be a multiple of 2",
    ],
    [{ int: 3 }, "spec.int: Invalid value: 3: spec.int in body should be a multiple of 2"],
    [{ int: 0 }, "spec.int: Invalid value: 0: spec.int in body should be greater than or equal to 1"],
    [{ int: 6 }, "spec.int: Invalid value: 6: spec.int in body should be less than or equal to 5"],
    [
      { int: 2, int32: 2 ** 31 },
      '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.int32',
    ],
    [{ int: 2, number: 0 }, "spec.number: Invalid value: 0: spec.number in body should be greater than 0"],
    [{ int: 2, text: "a" }, 'spec.text: Invalid value: "a": spec.text in body should be at least 2 chars long'],
    [{ int: 2, text: "aaaa" }, "spec.text: Too long: may not be more than 3 bytes"],
    [{ int: 2, text: "bb" }, `spec.text: Invalid value: "bb": spec.text in body should match '^a'`],
    [{ int: 2, enum: "c" }, 'spec.enum: Unsupported value: "c": supported values: "a", "b"'],
    [{ int: 2, list: [] }, "spec.list: Invalid value: 0: spec.list in body should have at least 1 items"],
    [{ int: 2, list: ["a", "b", "c"] }, "spec.list: Too many: 3: must have at most 2 items"],
    [
      { int: 2, list: ["a", 1] },
      'spec.list[1]: Invalid value: "integer": spec.list[1] in body must be of type string: "integer"',
    ],
    [{ int: 2, map: { a: 1, b: 2 } }, "spec.map: Too many: 2: must have at most 1 items"],
    [
      { int: 2, map: { a: "x" } },
      'spec.map.a: Invalid value: "string": spec.map.a in body must be of type integer: "string"',
    ],
    [
      { int: 2, date: "yesterday" },
      'spec.date: Invalid value: "yesterday": spec.date in body must be of type date-time: "yesterday"',
    ],
    [
      { int: 2, either: true },
      'spec.either: Invalid value: "boolean": spec.either in body must be of type integer,string: "boolean"',
    ],
    [
      { int: 2, one: 3 },
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
      "spec.one: Invalid value: 3: spec.one in body should be greater than or equal to 5",
    ],
    [{ int: 2, not: "x" }, '<nil>: Invalid value: "": "spec.not" must not validate the schema (not)'],
    [[], 'spec: Invalid value: "array": spec in body must be of type object: "array"'],
  ];
  for (const [spec, ...causes] of cases) {
    const reply = await send(server, "POST", widgetsPath, widget("w", { spec }));
    assert.deepEqual(causesOf(reply).sort(), causes.sort(), JSON.stringify(spec));
  }
  const good = { int: 4, maybe: null, either: "5%", date: "2026-01-02T03:04:05Z", map: { a: 1 }, one: 5, not: "y" };
  const reply = await send(server, "POST", widgetsPath, widget("w", { spec: good }));
  assert.equal(reply.status, 201, reply.text);
  assert.deepEqual(reply.json.spec, good);
});

test("unknown fields are pruned, warned of, or refused; where they are kept they stay", async (t) => {
  const server = await customServer(t);
  const raw = {
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    properties: { known: { type: "object" } },
  };
  await define(server, widgets(specOf({ raw, closed: { type: "object" } })));
  const spec = { raw: { any: { thing: 1 }, known: { gone: 1 } }, closed: { x: 1 }, extra: 1 };
  const kept = await send(server, "POST", `${widgetsPath}?fieldValidation=Warn`, widget("a", { spec, more: 1 }));
  assert.deepEqual(kept.json.spec, { raw: { any: { thing: 1 }, known: {} }, closed: {} });
  assert.equal(kept.json.more, undefined);
  const warned = String(kept.headers["warning"]);
  for (const field of ["more", "spec.closed.x", "spec.extra", "spec.raw.known.gone"]) {
    assert.ok(warned.includes(`unknown field \\"${field}\\"`), field);
  }
  const strict = await send(
    server,
    "POST",
    `${widgetsPath}?fieldValidation=Strict`,
    widget("b", { spec: { extra: 1 } }),
  );
  assert.equal(strict.status, 400);
  assert.match(strict.json.message, /strict decoding error: unknown field "spec.extra"/);
});

test("defaults are filled in, nulls that may not be go", async (t) => {
  const server = await customServer(t);
  const nested = { type: "object", default: {}, properties: { deep: { type: "integer", default: 3 } } };
  const properties = {
    a: { type: "string", default: "x" },
    nested,
    none: { type: "string", nullable: true, default: "n" },
    plain: text,
  };
  await define(server, widgets(specOf(properties, { default: {} })));
  const bare = await send(server, "POST", widgetsPath, widget("bare"));
  assert.deepEqual(bare.json.spec, { a: "x", nested: { deep: 3 }, none: "n" });
  const spec = { a: null, nested: { deep: null }, none: null, plain: null };
  const nulls = await send(server, "POST", widgetsPath, widget("nulls", { spec }));
  assert.deepEqual(nulls.json.spec, { a: "x", nested: { deep: 3 }, none: null });
});

test("objects of an older schema are served as the present one has them", async (t) => {
  const server = await customServer(t);
  await define(server, widgets(specOf({ old: text, kept: text })));
  await send(server, "POST", widgetsPath, widget("w", { spec: { old: "o", kept: "k" } }));
  const crd = (await send(server, "GET", `${crdsPath}/widgets.example.com`)).json;
  const schema = {
    openAPIV3Schema: { type: "object", ...specOf({ kept: text, fresh: { type: "string", default: "f" } }) },
  };
  crd.spec.versions[0].schema = schema;
  assert.equal((await send(server, "PUT", `${crdsPath}/widgets.example.com`, crd)).status, 200);
  await server.customResources.idle();
  const { json } = await send(server, "GET", `${widgetsPath}/w`);
  assert.deepEqual(json.spec, { kept: "k", fresh: "f" });
  const list = await send(server, "GET", widgetsPath);
  assert.deepEqual(list.json.items[0].spec, { kept: "k", fresh: "f" });
});

test("status and spec are written apart; the generation counts changes of what is wanted", async (t) => {
  const server = await customServer(t);
  const schema = {
    properties: {
      spec: { type: "object", properties: { a: integer } },
      status: { type: "object", properties: { b: integer } },
    },
  };
  await define(server, widgets(schema, { subresources: { status: {} } }));
  const created = await send(server, "POST", widgetsPath, widget("w", { spec: { a: 1 }, status: { b: 1 } }));
  assert.equal(created.json.status, undefined);
  assert.equal(created.json.metadata.generation, 1);
  const url = `${widgetsPath}/w`;
  const status = await send(
    server,
    "PATCH",
    `${url}/status`,
    { spec: { a: 5 }, status: { b: 2 }, metadata: { labels: { x: "y" } } },
    mergePatch,
  );
  assert.deepEqual([status.json.spec, status.json.status, status.json.metadata.generation], [{ a: 1 }, { b: 2 }, 1]);
  assert.equal(status.json.metadata.labels, undefined);
  const spec = await send(server, "PATCH", url, { spec: { a: 2 }, status: { b: 9 } }, mergePatch);
  assert.deepEqual([spec.json.spec, spec.json.status, spec.json.metadata.generation], [{ a: 2 }, { b: 2 }, 2]);
  const wrong = await send(server, "PATCH", `${url}/status`, { status: { b: "x" } }, mergePatch);
  assert.match(causesOf(wrong)[0]!, /^status.b: Invalid value: "string": b in body must be of type integer/);
});

test("sets and map lists hold each once", async (t) => {
  const server = await customServer(t);
  const set = { type: "array", "x-kubernetes-list-type": "set", items: text };
  const items = {
    type: "object",
    required: ["k"],
    properties: { k: text, p: { type: "integer", default: 1 }, v: text },
  };
  const map = { type: "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"], items };
  await define(server, widgets(specOf({ set, map })));
  const spec = { set: ["a", "b", "a", "a"], map: [{ k: "x" }, { k: "x", p: 2 }, { k: "x", v: "again" }] };
  const reply = await send(server, "POST", widgetsPath, widget("w", { spec }));
  assert.deepEqual(causesOf(reply), [
    'spec.set[2]: Duplicate value: "a"',
    'spec.map[2]: Duplicate value: {"k":"x","p":1}',
  ]);
});

test("embedded resources have a type and metadata like any other", async (t) => {
  const server = await customServer(t);
  const template = {
    type: "object",
    "x-kubernetes-embedded-resource": true,
    "x-kubernetes-preserve-unknown-fields": true,
  };
  await define(server, widgets(specOf({ template })));
  const post = (given: object) => send(server, "POST", widgetsPath, widget("w", { spec: { template: given } }));
  assert.deepEqual(causesOf(await post({ kind: "A_b", metadata: { name: "x/y" } })), [
    "spec.template.apiVersion: Required value",
    "spec.template.kind: Invalid value: \"A_b\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    "spec.template.metadata.name: Invalid value: \"x/y\": may not contain '/'",
  ]);
  assert.equal((await post({ kind: "A", apiVersion: "v1", metadata: 5 })).status, 400);
  const good = await post({ kind: "A", apiVersion: "v1", metadata: { name: "x", nonsense: 1 }, any: true });
  assert.deepEqual(good.json.spec.template, { kind: "A", apiVersion: "v1", metadata: { name: "x" }, any: true });
});

test("rules: messages, reasons, paths, transitions, and what is forgiven", async (t) => {
  const server = await customServer(t);
  const bounded = { type: "integer", minimum: 0, maximum: 100 };
  const rules = {
    "x-kubernetes-validations": [
      { rule: "self.a <= self.b", message: "a is too large", fieldPath: ".a", reason: "FieldValueForbidden" },
      { rule: "self.a >= oldSelf.a", message: "a must not shrink" },
      { rule: "oldSelf.hasValue() || self.b < 50", optionalOldSelf: true, message: "begin small" },
    ],
  };
  const a = { ...bounded, "x-kubernetes-validations": [{ rule: "self != 13", messageExpression: "'no thirteen'" }] };
  await define(server, widgets(specOf({ a, b: bounded, c: text }, { ...rules, required: ["a", "b"] })));
  const post = (spec: object) => send(server, "POST", widgetsPath, widget("w", { spec }));
  assert.deepEqual(causesOf(await post({ a: 3, b: 2 })), ["spec.a: Forbidden: a is too large"]);
  assert.deepEqual(causesOf(await post({ a: 13, b: 20 })), ["spec.a: Invalid value: 13: no thirteen"]);
  assert.deepEqual(causesOf(await post({ a: 1, b: 60 })), ["spec: Invalid value: begin small"]);
  assert.equal((await post({ a: 5, b: 20 })).status, 201);
  const url = `${widgetsPath}/w`;
  const shrink = await send(server, "PATCH", url, { spec: { a: 4 } }, mergePatch);
  assert.deepEqual(causesOf(shrink), ["spec: Invalid value: a must not shrink"]);
  assert.equal((await send(server, "PATCH", url, { spec: { b: 60 } }, mergePatch)).status, 200);
});

test("what was wrong before and is not touched is no reason to refuse", async (t) => {
  const server = await customServer(t);
  const loose = { type: "object", properties: { a: text, b: text, list: { type: "array", items: text } } };
  await define(server, widgets({ properties: { spec: loose } }));
  await send(server, "POST", widgetsPath, widget("w", { spec: { a: "long", b: "x", list: ["long"] } }));
  const crd = (await send(server, "GET", `${crdsPath}/widgets.example.com`)).json;
  const short = { type: "string", maxLength: 2, "x-kubernetes-validations": [{ rule: "self != 'zz'" }] };
  crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.a = short;
  assert.equal((await send(server, "PUT", `${crdsPath}/widgets.example.com`, crd)).status, 200);
  await server.customResources.idle();
  const url = `${widgetsPath}/w`;
  assert.equal((await send(server, "PATCH", url, { spec: { b: "y" } }, mergePatch)).status, 200);
  const touched = await send(server, "PATCH", url, { spec: { a: "other" } }, mergePatch);
  assert.deepEqual(causesOf(touched), [
    "spec.a: Too long: may not be more than 2 bytes",
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  ]);
});

test("a definition's own schema may be open altogether", async (t) => {
  const server = await customServer(t);
  await define(server, widgets({ "x-kubernetes-preserve-unknown-fields": true }, {}, { scope: "Cluster" }));
  const path = "/apis/example.com/v1/widgets";
  const made = await send(server, "POST", path, widget("w", { anything: { goes: [1, null] } }));
  assert.deepEqual(made.json.anything, { goes: [1, null] });
  assert.equal((await send(server, "GET", widgetsPath)).status, 404);
});

test("a large default that is asked for a hundred thousand times is too large a request", async (t) => {
  const server = await customServer(t);
  const items = { type: "object", properties: { b: { type: "string", default: "x".repeat(100_000) } } };
  await define(server, widgets(specOf({ a: { type: "array", items } })));
  const ask = (count: number) =>
    send(server, "POST", widgetsPath, widget(`w${count}`, { spec: { a: Array.from({ length: count }, () => ({})) } }));
  assert.equal((await ask(5)).status, 201);
  assert.equal((await ask(100_000)).status, 413);
});

test("a body has to say what it is", async (t) => {
  const server = await customServer(t);
  await define(server, widgets({}));
  const { kind, apiVersion, ...untyped } = widget("w") as { kind: string; apiVersion: string };
  const message = async (body: unknown) => {
    const { status, json } = await send(server, "POST", widgetsPath, body);
    return `${status} ${json.message}`;
  };
  const unrecognized = `400 the object provided is unrecognized (must be of type ${kind}): `;
  assert.equal(
    await message({ apiVersion, metadata: {} }),
    `${unrecognized}Object 'Kind' is missing in '{"apiVersion":"${apiVersion}","metadata":{}}' ({"apiVersion":"${`${apiVersion}","metadata":{}}`.slice(0, 15)} ...)`,
  );
  assert.match(await message([]), /json: cannot unmarshal array into Go value of type struct .* \(5b5d\)$/);
  assert.match(
    await message({ kind: 1 }),
    /unmarshal number into Go struct field \.kind of type string \({"kind":1}\)$/,
  );
  assert.equal(
    await message({ kind, ...untyped }),
    `400 the API version in the data () does not match the expected API version (${apiVersion})`,
  );
  assert.match(
    await message({ ...untyped, apiVersion, kind: "Gadget" }),
    /^422 Gadget\.example\.com "w" is invalid: kind: Invalid value: "Gadget": must be Widget$/,
  );
});
