import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../object.ts";
import type { Schema, SchemaSet } from "../schema.ts";
import { compareFields } from "./comparison.ts";
import { fieldsOfNew } from "./create-fields.ts";
import { emptyFieldSet, fieldSetOfNames, subtractFieldSet, subtractFieldSetDeep, writeFieldsV1 } from "./field-set.ts";
import { mergeTypeOf } from "./merge-type.ts";

const set: SchemaSet = { get: () => undefined, names: () => [] };
const text: Schema = { type: "string" };
const port: Schema = {
  type: "object",
  properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" } },
};
const schema: Schema = {
  type: "object",
  properties: {
    kind: text,
    metadata: { type: "object", properties: { name: text, labels: { type: "object", additionalProperties: text } } },
    status: { type: "object", properties: { phase: text } },
    spec: {
      type: "object",
      properties: {
        ports: {
          type: "array",
          items: port,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["port", "protocol"],
        },
        finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        args: { type: "array", items: text, "x-kubernetes-list-type": "atomic" },
        selector: { type: "object", additionalProperties: text, "x-kubernetes-map-type": "atomic" },
        anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
  },
};
const stripped = fieldSetOfNames("kind", "metadata", "metadata.name");
const reset = fieldSetOfNames("status");

/** The long way. */
function compared(object: Json) {
  const type = mergeTypeOf(schema, set);
  const { added, modified } = compareFields({}, object, type);
  assert.deepEqual(modified, emptyFieldSet);
  return writeFieldsV1(subtractFieldSet(subtractFieldSetDeep(added, reset), stripped));
}

const objects: Record<string, Json> = {
  "nothing but what is stripped": { kind: "A", metadata: { name: "a" } },
  labels: { kind: "A", metadata: { name: "a", labels: { z: "1", a: "2" } } },
  "empty map and list": { metadata: { labels: {} }, spec: { ports: [], anything: {} } },
  "a status that is reset": { status: { phase: "x" }, spec: { args: ["a"] } },
  "lists of each type": {
    spec: {
      ports: [{ port: 81, protocol: "UDP" }, { port: 80 }, { port: 81, protocol: "TCP" }],
      finalizers: ["b", "a"],
      args: ["x", "y"],
      selector: { app: "web" },
    },
  },
  "items given twice": { spec: { ports: [{ port: 80 }, { port: 80, protocol: "TCP" }], finalizers: ["a", "a"] } },
  "fields of no schema": {
    spec: { anything: { z: { y: [1, { x: null }] }, a: null } },
    extra: [1],
    more: { b: 1, a: {} },
  },
};

for (const [name, object] of Object.entries(objects)) {
  test(`${name}: the same as comparing with nothing`, () => {
    const fields = fieldsOfNew(object, mergeTypeOf(schema, set), stripped, reset);
    assert.equal(JSON.stringify(fields ?? {}), JSON.stringify(compared(object)));
  });
}
