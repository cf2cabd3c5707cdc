/** What an apply says by null. Expected values: structured-merge-diff's typed/merge.go, compare.go and remove.go, and then validation. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOf, customServer, define, specOf, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

const text = { type: "string" };
const properties = {
  text,
  number: { type: "integer" },
  defaulted: { type: "string", default: "d" },
  maybe: { type: "string", nullable: true },
  map: { type: "object", additionalProperties: text },
  struct: { type: "object", properties: { a: text, b: text } },
  freely: { type: "object", nullable: true, additionalProperties: text },
  atomic: { type: "array", items: text },
  set: { type: "array", items: text, "x-kubernetes-list-type": "set" },
  any: { "x-kubernetes-preserve-unknown-fields": true },
};

async function appliers(t: Parameters<typeof customServer>[0]) {
  const server = await customServer(t);
  await define(server, widgets(specOf(properties)));
  const headers = { "content-type": "application/apply-patch+yaml" };
  return (name: string, spec: object | null, manager = "m", query = "") =>
    send(server, "PATCH", `${widgetsPath}/${name}?fieldManager=${manager}${query}`, widget(name, { spec }), {
      headers,
    });
}

const refusal = (field: string, type: string) =>
  `spec.${field}: Invalid value: "null": spec.${field} in body must be of type ${type}: "null"`;

test("nulls that a custom resource's schema does not allow are refused", async (t) => {
  const apply = await appliers(t);
  const cases: readonly (readonly [string, string])[] = [
    ["text", "string"],
    ["number", "integer"],
    ["map", "object"],
    ["atomic", "array"],
    ["set", "array"],
  ];
  for (const [field, type] of cases) {
    const { status, json } = await apply("new", { [field]: null });
    assert.equal(status, 422, field);
    assert.deepEqual(causesOf({ json } as never), [refusal(field, type)]);
  }
  const { json } = await apply("allowed", { defaulted: null, maybe: null, freely: null, any: null });
  assert.deepEqual(json.spec, { defaulted: "d", maybe: null, freely: null, any: null });
  assert.deepEqual(json.metadata.managedFields[0].fieldsV1, {
    "f:spec": { "f:any": {}, "f:defaulted": {}, "f:freely": {}, "f:maybe": {} },
  });
});

test("a null says nothing of the parts that others own, and takes the place of all else", async (t) => {
  const apply = await appliers(t);
  await apply("w", { map: { a: "1" }, struct: { a: "1" }, set: ["a"], maybe: "x", any: { a: 1 } }, "one");
  const kept = await apply("w", { map: null, struct: null, set: null, any: null }, "two");
  assert.equal(kept.status, 200, kept.text);
  const { defaulted: _, ...spec } = kept.json.spec;
  assert.deepEqual(spec, { map: { a: "1" }, struct: { a: "1" }, set: ["a"], maybe: "x", any: { a: 1 } });
  const conflict = await apply("w", { maybe: null }, "two");
  assert.equal(conflict.json.message, 'Apply failed with 1 conflict: conflict with "one": .spec.maybe');
  const forced = await apply("w", { maybe: null }, "two", "&force=true");
  assert.equal(forced.json.spec.maybe, null);
});

test("whoever sets to null what only they filled is left with the null", async (t) => {
  const apply = await appliers(t);
  await apply("w", { map: { a: "1" }, freely: { a: "1" } });
  const refused = await apply("w", { map: null, freely: null });
  assert.deepEqual([refused.status, ...causesOf(refused)], [422, refusal("map", "object")]);
  assert.equal((await apply("w", { freely: null })).json.spec.freely, null);
  assert.deepEqual((await apply("w", {})).json.spec, { defaulted: "d" });
});
