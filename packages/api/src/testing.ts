/** For the tests of kinds: a definition by name, field errors as text, and tables of what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type FieldError, type KubeObject } from "@kubets/apimachinery";
import { findDefinition } from "./catalogue.ts";
import type { ResourceDefinition } from "./definition.ts";

export type Thing = KubeObject & Record<string, unknown>;

export function kindOf(group: string, plural: string, version = "v1"): ResourceDefinition {
  const definition = findDefinition(group, version, plural);
  assert.ok(definition, `${plural}.${version}.${group}`);
  return definition;
}

export function texts(errors: readonly FieldError[] | undefined): string[] {
  return (errors ?? []).map((error) => `${error.field}: ${error.message}`);
}

/** Each row: what a create is refused with; none when it is accepted. Defaults are filled in first, as they are by the server. */
export function refusesCreate(
  definition: ResourceDefinition,
  rows: readonly [name: string, object: object, ...expected: string[]][],
) {
  for (const [name, given, ...expected] of rows) {
    test(`${definition.kind}: ${name}`, () => {
      const object = structuredClone(given) as Thing;
      definition.strategy.setDefaults?.(object);
      assert.deepEqual(texts(definition.strategy.validate?.(object)), expected);
    });
  }
}

/** Each row: what an update (of the status when `status`) from one object to another is refused with. */
export function refusesUpdate(
  definition: ResourceDefinition,
  rows: readonly [name: string, from: object, to: object, ...expected: string[]][],
  { status = false } = {},
) {
  for (const [name, from, to, ...expected] of rows) {
    test(`${definition.kind}: ${name}`, () => {
      const [old, object] = [structuredClone(from) as Thing, structuredClone(to) as Thing];
      for (const each of [old, object]) definition.strategy.setDefaults?.(each);
      const strategy = status ? definition.status : definition.strategy;
      assert.deepEqual(texts(strategy?.validateUpdate?.(object, deepFreeze(old))), expected);
    });
  }
}
