import assert from "node:assert/strict";
import { test } from "node:test";
import type { JSONSchemaProps } from "@kubets/api/apiextensions";
import { compileCheck } from "./value-check.ts";
import { faultsOf } from "./value-faults.ts";

/** Schemas that the compiled check could see otherwise than the long way. */
const schemas: readonly JSONSchemaProps[] = [
  {},
  { nullable: true },
  { type: "string" },
  { type: "string", nullable: true, enum: ["a"] },
  { type: "string", format: "date" },
  { format: "date" },
  { format: "int32" },
  { type: "integer", format: "int32" },
  { type: "integer", minimum: 0.5, maximum: 3 },
  { type: "integer", multipleOf: 0.5 },
  { type: "number", format: "float", exclusiveMinimum: true, minimum: 1 },
  { type: "number", multipleOf: 0.1 },
  { "x-kubernetes-int-or-string": true, maxLength: 1, maximum: 1 },
  { type: "array", items: { type: "integer" }, maxItems: 2, uniqueItems: true },
  { type: "object", additionalProperties: { type: "integer" }, maxProperties: 1, required: ["a"] },
  {
    type: "object",
    properties: { a: { type: "string", minLength: 1 } },
    additionalProperties: false,
    minProperties: 1,
  },
  { oneOf: [{ type: "integer" }, { minimum: 2 }], not: { enum: [3] } },
  { anyOf: [{ type: "string" }, { required: ["a"] }], allOf: [{ maxLength: 2 }] },
  { type: "string", pattern: "(^|x)a$" },
  { enum: [1, { a: 1 }, [1]] },
];

const values: readonly unknown[] = [
  null,
  true,
  0,
  1,
  2,
  3,
  -1,
  0.3,
  1.5,
  2 ** 31,
  2 ** 63,
  1e308,
  "",
  "a",
  "xa",
  "abc",
  "2026-02-29",
  "2026-02-28",
  "💥",
  [],
  [1],
  [1, 1],
  [1, "a"],
  [1, 2, 3],
  {},
  { a: 1 },
  { a: "x" },
  { a: null },
  { a: 1, b: 2 },
  { b: "x" },
];

test("what the compiled check takes has no faults, and the other way round where it is simple", () => {
  for (const schema of schemas) {
    const check = compileCheck(schema);
    for (const value of values) {
      const faults = faultsOf(value, schema);
      const about = `${JSON.stringify(schema)} ${JSON.stringify(value)}`;
      if (check(value)) assert.deepEqual(faults, [], about);
    }
  }
});

test("no good value of a plain schema takes the long way", () => {
  const check = compileCheck({
    type: "object",
    required: ["name"],
    properties: {
      name: { type: "string", maxLength: 5 },
      replicas: { type: "integer", minimum: 0 },
      list: { type: "array", items: { type: "string" } },
    },
  });
  assert.equal(check({ name: "x", replicas: 3, list: ["a"] }), true);
  assert.equal(check({ name: "too long", replicas: 3 }), false);
});
