import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, deepFreeze, type KubeObject, resolveSchema, type Schema } from "@kubets/apimachinery";
import { definitions } from "./catalogue.ts";
import { schemaSet } from "./schema-set.ts";

/** Objects that the decoder lets through and that hold next to nothing: rules must complain of them, not fail. */

/** A value of the schema whose structs are filled in down to `depth`, and empty below. */
function hollow(schema: Schema, depth: number): unknown {
  const target = resolveSchema(schema, schemaSet);
  switch (target.type) {
    case "object":
      if (depth === 0) return {};
      if (target.properties === undefined) {
        return typeof target.additionalProperties === "object"
          ? { x: hollow(target.additionalProperties, depth - 1) }
          : {};
      }
      return Object.fromEntries(
        Object.entries(target.properties).map(([name, property]) => [name, hollow(property, depth - 1)]),
      );
    case "array":
      return depth === 0 || target.items === undefined ? [] : [hollow(target.items, depth - 1)];
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return target["x-kubernetes-preserve-unknown-fields"] ? {} : "";
  }
}

const context = { now: 0, uuid: () => "uid", random: () => 0 };

for (const definition of definitions()) {
  test(`${definition.group}/${definition.version} ${definition.plural}: hollow objects are no accident`, () => {
    const { strategy, status, columns = [], selectableFields } = definition;
    const full: KubeObject = { kind: definition.kind, metadata: { name: "x", namespace: "y", uid: "z" } };
    for (let depth = 1; depth <= 7; depth++) {
      const { metadata: _, ...content } = hollow(definition.schema, depth) as KubeObject;
      const object = { ...content, ...clone(full) };
      for (const column of columns) column.value(object, context);
      strategy.setDefaults?.(object);
      strategy.prepareForCreate?.(object, context);
      strategy.validate?.(object);
      strategy.warnings?.(object, undefined);
      for (const column of columns) column.value(object, context);
      for (const value of Object.values(selectableFields)) assert.equal(typeof value(object), "string");
      for (const old of [deepFreeze(clone(full)), deepFreeze(clone(object))]) {
        const update = { ...clone(content), ...clone(full) };
        strategy.setDefaults?.(update);
        strategy.prepareForUpdate?.(update, old, context);
        strategy.validateUpdate?.(update, old);
        strategy.warnings?.(update, old);
        status?.prepareForUpdate?.(update, old, context);
        status?.validateUpdate?.(update, old);
      }
    }
  });
}
