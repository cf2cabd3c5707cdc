import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type Json } from "../object.ts";
import type { Schema, SchemaSet } from "../schema.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

test("JSON patch", () => {
  const document = deepFreeze({ a: { b: [1, 2, 3] }, "x/y": { "~": 1 } }) as Json;
  const table: [unknown[], unknown][] = [
    [[{ op: "add", path: "/a/b/-", value: 4 }], { a: { b: [1, 2, 3, 4] }, "x/y": { "~": 1 } }],
    [[{ op: "add", path: "/a/b/1", value: 9 }], { a: { b: [1, 9, 2, 3] }, "x/y": { "~": 1 } }],
    [[{ op: "remove", path: "/a/b/-1" }], { a: { b: [1, 2] }, "x/y": { "~": 1 } }],
    [[{ op: "replace", path: "/x~1y/~0", value: null }], { a: { b: [1, 2, 3] }, "x/y": { "~": null } }],
    [[{ op: "move", from: "/a/b", path: "/c" }], { a: {}, "x/y": { "~": 1 }, c: [1, 2, 3] }],
    [
      [
        { op: "test", path: "/a/b", value: [1, 2, 3] },
        { op: "copy", from: "/a", path: "/d" },
        { op: "add", path: "/d/b/0", value: 0 },
      ],
      { a: { b: [1, 2, 3] }, "x/y": { "~": 1 }, d: { b: [0, 1, 2, 3] } },
    ],
    [[{ op: "replace", path: "", value: { z: 1 } }], { z: 1 }],
    [[{ op: "test", path: "/nothing", value: null }], document],
  ];
  for (const [patch, want] of table) assert.deepEqual(applyJsonPatch(document, deepFreeze(patch)), want);
});

test("JSON patch errors", () => {
  const fails = (operation: unknown, message: RegExp) =>
    assert.throws(() => applyJsonPatch({ a: [1] }, [operation]), { name: "PatchError", message });
  fails(
    { op: "add", path: "/x/y", value: 1 },
    /^add operation does not apply: doc is missing path: "\/x\/y": missing value$/,
  );
  fails({ op: "add", path: "/a/5", value: 1 }, /Unable to access invalid index: 5: invalid index referenced$/);
  fails({ op: "remove", path: "/x" }, /Unable to remove nonexistent key: x: missing value$/);
  fails({ op: "move", from: "/x", path: "/b" }, /Unable to remove nonexistent key: x: missing value$/);
  fails({ op: "copy", from: "/a/7", path: "/b" }, /^copy operation does not apply: doc is missing from path: \/a\/7/);
  fails(null, /^Unexpected kind: unknown$/);
  fails({ op: "test", path: "/a", value: 1 }, /^testing value \/a failed: test failed$/);
  fails({ op: "jump", path: "/a" }, /^Unexpected kind: jump$/);
  assert.throws(() => applyJsonPatch({}, Array(10_001).fill({ op: "add", path: "/a", value: 1 })), {
    code: 413,
    message: "The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
});

test("a patch moves only so many items of lists", () => {
  const list = Array.from({ length: 50_000 }, (_, i) => i);
  const insertions = (path: string) => Array.from({ length: 9_000 }, () => ({ op: "add", path, value: 0 }));
  assert.throws(() => applyJsonPatch({ list }, insertions("/list/0")), {
    code: 413,
    message: /^The patch moves more than/,
  });
  assert.equal((applyJsonPatch({ list }, insertions("/list/-")) as { list: Json[] }).list.length, 59_000);
});

test("what is not there is replaced, and copied as null; no patch is one without operations", () => {
  assert.deepEqual(applyJsonPatch({ a: 1 }, [{ op: "replace", path: "/x", value: 1 }]), { a: 1, x: 1 });
  assert.deepEqual(applyJsonPatch({ a: 1 }, [{ op: "copy", from: "/x", path: "/y" }]), { a: 1, y: null });
  assert.deepEqual(applyJsonPatch({ a: 1 }, null), { a: 1 });
});

test("patches touch no prototype", () => {
  const result = applyJsonPatch({}, [{ op: "add", path: "/__proto__", value: { polluted: 1 } }]);
  assert.deepEqual(Object.keys(result as object), ["__proto__"]);
  assert.throws(() => applyJsonPatch({}, [{ op: "add", path: "/__proto__/polluted", value: 1 }]), /missing path/);
  assert.throws(() => applyJsonPatch({}, [{ op: "add", path: "/constructor/prototype/polluted", value: 1 }]));
  const patched = applyMergePatch({}, JSON.parse('{"__proto__":{"polluted":1}}') as Json);
  assert.equal(Object.getPrototypeOf(patched), Object.prototype);
});

test("merge patch", () => {
  const document = deepFreeze({ a: { b: 1, c: 2 }, d: [1] }) as Json;
  assert.deepEqual(applyMergePatch(document, { a: { b: null, e: { f: null, g: 1 } }, d: [2] }), {
    a: { c: 2, e: { g: 1 } },
    d: [2],
  });
});

const noRefs: SchemaSet = { get: () => undefined, names: () => [] };
const mergeList = (mergeKey: string, properties: Record<string, Schema>): Schema => ({
  type: "array",
  "x-kubernetes-patch-strategy": "merge",
  "x-kubernetes-patch-merge-key": mergeKey,
  items: { type: "object", properties },
});
const text: Schema = { type: "string" };
const schema: Schema = {
  type: "object",
  properties: {
    containers: mergeList("name", {
      name: text,
      image: text,
      args: { type: "array", items: text },
      ports: mergeList("port", { port: { type: "integer" } }),
    }),
    finalizers: { type: "array", items: text, "x-kubernetes-patch-strategy": "merge" },
    args: { type: "array", items: text },
    labels: { type: "object", additionalProperties: text },
    strategy: {
      type: "object",
      "x-kubernetes-patch-strategy": "retainKeys",
      properties: { type: text, rolling: { type: "object" } },
    },
  },
};
const strategic = (document: Json, patch: Json) =>
  applyStrategicMergePatch(deepFreeze(document), deepFreeze(patch), schema, noRefs);
const named = (...names: string[]) => names.map((name) => ({ name }));

test("strategic merge patch", () => {
  const table: [name: string, document: Json, patch: Json, want: Json][] = [
    [
      "merges by key, new items first in the patch's order",
      { containers: [{ name: "a", image: "1", args: ["x"] }, { name: "b" }] },
      { containers: [{ name: "a", image: "2", args: ["y"] }, { name: "c" }] },
      { containers: [{ name: "a", image: "2", args: ["y"] }, { name: "c" }, { name: "b" }] },
    ],
    [
      "null removes",
      { labels: { a: "1", b: "2" }, args: ["x"] },
      { labels: { a: null, z: null }, args: null },
      { labels: { b: "2" } },
    ],
    ["null in what is new is dropped", {}, { labels: { a: null, b: "1" } }, { labels: { b: "1" } }],
    [
      "deletes an item",
      { containers: named("a", "b") },
      { containers: [{ $patch: "delete", name: "a" }] },
      { containers: named("b") },
    ],
    [
      "replaces a list",
      { containers: named("a", "b") },
      { containers: [{ name: "c" }, { $patch: "replace" }] },
      { containers: named("c") },
    ],
    ["replaces a map", { labels: { a: "1" } }, { labels: { $patch: "replace", b: "2" } }, { labels: { b: "2" } }],
    ["deletes a map's content", { labels: { a: "1" } }, { labels: { $patch: "delete" } }, { labels: {} }],
    ["primitives merge once", { finalizers: ["a", "b"] }, { finalizers: ["c", "a"] }, { finalizers: ["c", "a", "b"] }],
    [
      "primitives deleted",
      { finalizers: ["a", "b"] },
      { "$deleteFromPrimitiveList/finalizers": ["a"] },
      { finalizers: ["b"] },
    ],
    [
      "retainKeys",
      { strategy: { type: "RollingUpdate", rolling: { x: 1 } } },
      { strategy: { $retainKeys: ["type"], type: "Recreate" } },
      { strategy: { type: "Recreate" } },
    ],
    [
      "setElementOrder",
      { containers: named("a", "server", "b") },
      { "$setElementOrder/containers": named("b", "c", "a"), containers: [{ name: "c" }] },
      { containers: named("server", "b", "c", "a") },
    ],
    [
      "setElementOrder alone",
      { finalizers: ["a", "b"] },
      { "$setElementOrder/finalizers": ["b", "a"] },
      { finalizers: ["b", "a"] },
    ],
    [
      "setElementOrder, deletion",
      { containers: named("a", "b", "c") },
      { "$setElementOrder/containers": named("a", "c"), containers: [{ $patch: "delete", name: "b" }] },
      { containers: named("a", "c") },
    ],
    [
      "directives within what is new are obeyed by nobody and kept nowhere",
      { containers: named("a") },
      {
        containers: [{ name: "b", "$setElementOrder/ports": [{ port: 1 }], ports: [{ port: 1 }] }],
        strategy: { $retainKeys: ["type"], type: "Recreate" },
      },
      { containers: [{ name: "b", ports: [{ port: 1 }] }, { name: "a" }], strategy: { type: "Recreate" } },
    ],
    ["atomic lists replace", { args: ["a"] }, { args: ["b"] }, { args: ["b"] }],
    ["a scalar for a map", { labels: "x" }, { labels: { a: "1" } }, { labels: { a: "1" } }],
  ];
  for (const [name, document, patch, want] of table) assert.deepEqual(strategic(document, patch), want, name);
});

test("strategic merge patch errors", () => {
  const fails = (patch: Json, message: RegExp) =>
    assert.throws(() => strategic({ containers: named("a"), strategy: {} }, patch), { name: "PatchError", message });
  fails({ containers: [{ image: "x" }] }, /^map: map\[image:x\] does not contain declared merge key: name$/);
  fails({ strategy: { $retainKeys: ["rolling"], type: "x" } }, /^invalid patch format of retainKeys$/);
  fails({ strategy: { $patch: "no" } }, /^unknown patch type: no in map: map\[\$patch:no\]$/);
  fails({ $setElementOrder: [] }, /^invalid patch format of setElementOrder list$/);
  fails({ containers: ["x"] }, /^expected a map\[string\]interface {}, but received a string$/);
});
