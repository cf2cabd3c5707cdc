import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "@kubets/apimachinery";
import { resolveSchema, schemaRefPrefix } from "@kubets/apimachinery";
import { schemaRef, schemaSet } from "./schema-set.ts";

test("every reference leads to a definition", () => {
  for (const name of schemaSet.names()) {
    for (const ref of refsOf(schemaSet.get(name)!)) {
      assert.ok(schemaSet.get(ref.slice(schemaRefPrefix.length)), `${name} refers to ${ref}`);
    }
  }
});

test("a definition is found by its upstream name, and only by that", () => {
  assert.equal(resolveSchema(schemaRef("io.k8s.api.core.v1.Pod"), schemaSet).type, "object");
  assert.equal(schemaSet.get("io.k8s.api.core.v1.Nothing"), undefined);
  assert.equal(schemaSet.get("io.k8s.api.nothing.v1.Pod"), undefined);
  assert.equal(schemaSet.get("io.k8s.api.core.v1.constructor"), undefined);
});

function refsOf(schema: Schema): string[] {
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  const own = schema.$ref === undefined ? [] : [schema.$ref];
  return [...own, ...parts.flatMap((part) => (typeof part === "object" ? refsOf(part) : []))];
}
