import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { KubeObject, Schema } from "@kubets/apimachinery";
import { allDefinitions } from "./catalogue.ts";
import { defaultsVersion } from "./defaults-version.ts";
import { setSchemaDefaults } from "./schema-defaults.ts";
import { schemaSet } from "./schema-set.ts";

/** An object with a value wherever its schema has a struct or a list of structs, and nothing else: what is in it afterwards are defaults. */
function emptied(schema: Schema, seen: readonly Schema[]): unknown {
  const name = schema.$ref?.split("/").at(-1);
  const resolved = name === undefined ? schema : schemaSet.get(name);
  if (resolved === undefined || seen.includes(resolved) || seen.length > 12) return undefined;
  const within = [...seen, resolved];
  if (resolved.type === "array" && resolved.items !== undefined) {
    const item = emptied(resolved.items, within);
    return item === undefined ? undefined : [item];
  }
  if (resolved.type !== "object" || resolved.properties === undefined) return undefined;
  const fields = Object.entries(resolved.properties).map(([key, field]) => [key, emptied(field, within)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** `spec.replicas=1`: what is no struct or list was filled in. */
function scalarsOf(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [`${path}=${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, child]) => scalarsOf(child, `${path}.${key}`));
}

function defaultsOf({ group, version, plural, schema, strategy }: ReturnType<typeof allDefinitions>[number]): string[] {
  const full = emptied(schema, []) as KubeObject;
  const objects = [full, { metadata: {}, spec: {} } as KubeObject];
  return objects.flatMap((object, i) => {
    strategy.setDefaults?.(object);
    setSchemaDefaults(object, schema, schemaSet);
    return scalarsOf(object, `${group}/${version}/${plural}/${i}`);
  });
}

/** By version. The last is replaced where it is new kinds alone that it did not know; otherwise there is one more. */
const known = ["72917d0869138d16"];

test("a change of what kinds' defaults are raises defaultsVersion", () => {
  const defaults = allDefinitions().flatMap(defaultsOf).sort();
  assert.ok(defaults.includes("apps/v1/deployments/1.spec.replicas=1"));
  const digest = createHash("sha256").update(defaults.join("\n")).digest("hex").slice(0, 16);
  assert.equal(known.length, defaultsVersion);
  assert.equal(digest, known.at(-1), "raise defaultsVersion, and add this digest");
});
