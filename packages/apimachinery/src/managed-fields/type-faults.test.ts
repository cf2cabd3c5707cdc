import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../object.ts";
import type { Schema, SchemaSet } from "../schema.ts";
import { typeFaults } from "./type-faults.ts";

const none: SchemaSet = { get: () => undefined, names: () => [] };
const container: Schema = { type: "object", properties: { name: { type: "string" }, port: { type: "integer" } } };
const schema: Schema = {
  type: "object",
  properties: {
    data: { type: "object", additionalProperties: { type: "string" } },
    containers: {
      type: "array",
      items: container,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    },
    args: { type: "array", items: { type: "string" } },
    on: { type: "boolean" },
    any: { "x-kubernetes-int-or-string": true },
    at: { type: "string", format: "date-time" },
    free: {},
  },
};

const wrong: [Json, ...string[]][] = [
  [{ data: { a: 1 } }, ".data.a: expected string, got &value.valueUnstructured{Value:1}"],
  [
    { data: { a: { b: ["c"] } } },
    '.data.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"b":[]interface {}{"c"}}}',
  ],
  [{ data: "x" }, ".data: expected map, got &{x}"],
  [{ args: { b: true, a: 1.5 } }, ".args: expected list, got &{map[a:1.5 b:true]}"],
  [{ args: ["a", false] }, ".args[1]: expected string, got &value.valueUnstructured{Value:false}"],
  [
    { containers: [{ name: "c", port: "80" }] },
    '.containers[name="c"].port: expected numeric (int or float), got string',
  ],
  [
    { containers: [{ port: 80 }] },
    '.containers: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
  ],
  [{ containers: [{ name: "c" }, { name: "c" }] }, '.containers: duplicate entries for key [name="c"]'],
  [{ on: "yes", any: [1, null] }, ".on: expected boolean, got &{yes}", ".any: expected any scalar, got &{[1 <nil>]}"],
];
for (const [value, ...faults] of wrong)
  test(faults.join(" and "), () => assert.deepEqual(typeFaults(value, schema, none), faults));

test("nothing is wrong with nulls, what may be anything, and what is not in the schema", () => {
  const value = { data: null, args: [null], on: null, any: "x", at: 1, free: [{}], unknown: 1, containers: [] };
  assert.deepEqual(typeFaults(value, schema, none), []);
});
