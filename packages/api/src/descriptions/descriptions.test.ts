import assert from "node:assert/strict";
import { test } from "node:test";
import { schemaSet } from "../schema-set.ts";
import { descriptionOf, descriptions } from "./index.ts";

test("every type has a text, and so has each of its fields", () => {
  const missing: string[] = [];
  for (const name of schemaSet.names()) {
    const found = descriptionOf(name);
    if (found === undefined) missing.push(name);
    for (const field of Object.keys(schemaSet.get(name)?.properties ?? {})) {
      if (!found?.fields[field]) missing.push(`${name}.${field}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("no text is of a type or a field that is not there", () => {
  const surplus: string[] = [];
  for (const [groupVersion, types] of Object.entries(descriptions)) {
    for (const [type, { fields }] of Object.entries(types)) {
      const schema = schemaSet.get(`${groupVersion}.${type}`);
      if (schema === undefined) surplus.push(`${groupVersion}.${type}`);
      for (const field of Object.keys(fields ?? {})) {
        if (!(field in (schema?.properties ?? {}))) surplus.push(`${groupVersion}.${type}.${field}`);
      }
    }
  }
  assert.deepEqual(surplus, []);
});
