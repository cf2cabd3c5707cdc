/** Random values: some that a schema would allow, some that nobody should ever send. */

import { type Schema, type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";
import type { SeededRandom } from "../random.ts";

export function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  return choices[random.below(choices.length)] as T;
}

export function chance(random: SeededRandom, probability: number): boolean {
  return random.next() < probability;
}

/** Expressions that a backtracking engine does not survive, and some that are none. */
export const patterns = [
  "(a+)+$",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  "(a|aa)+$",
  "^(a?){50}a{50}$",
  "(.*a){20}",
  "[",
  "(?<x>a)\\k<x>",
  "\\",
  "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
  "a{1000}{1000}",
  "(?=a)a",
] as const;

const texts = [
  "",
  "a",
  "web",
  "default",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "../../etc/passwd",
  "a/b",
  "%2e%2e",
  "\u0000",
  "\ud800",
  "ﷺ",
  "-1",
  "1e400",
  "100m",
  "9999999999999999999999Ki",
  "0.0000000000000000001n",
  "2024-01-01T00:00:00Z",
  "9999-99-99T99:99:99Z",
  "10.96.0.1",
  "::ffff:1.2.3.4",
  "10.0.0.0/33",
  "TCP",
  "null",
  "{}",
  "*",
  "a".repeat(64),
  "a".repeat(254),
  `${"a".repeat(29)}!`,
  ...patterns,
] as const;

const keys = [
  "a",
  "name",
  "spec",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "length",
  "then",
  "$patch",
  "$retainKeys",
  "",
  ".",
  "a.b/c",
];

const numbers = [
  0,
  1,
  -1,
  0.5,
  80,
  65536,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  9007199254740993n,
  -(2n ** 63n),
  1e308,
  -0,
];

/** Any JSON. */
export function anyValue(random: SeededRandom, depth = 3): unknown {
  switch (random.below(depth > 0 ? 8 : 5)) {
    case 0:
      return null;
    case 1:
      return chance(random, 0.5);
    case 2:
      return pick(random, numbers);
    case 3:
    case 4:
      return chance(random, 0.01) ? "x".repeat(100_000) : pick(random, texts);
    case 5:
      return Array.from({ length: random.below(4) }, () => anyValue(random, depth - 1));
    default: {
      const object: Record<string, unknown> = {};
      for (let i = random.below(4); i > 0; i--) own(object, pick(random, keys), anyValue(random, depth - 1));
      return object;
    }
  }
}

/** A key like any other, `__proto__` included: that is what JSON.parse makes of it at the other end. */
function own(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Mostly what the schema says. */
export function fromSchema(random: SeededRandom, schema: Schema, set: SchemaSet, depth: number): unknown {
  // Of each of its many parts.
  if (chance(random, 0.003)) return anyValue(random);
  if (schema.$ref !== undefined) {
    const target = set.get(schema.$ref.slice(schemaRefPrefix.length));
    return target === undefined ? {} : fromSchema(random, target, set, depth);
  }
  if (schema.enum !== undefined && chance(random, 0.97)) return pick(random, schema.enum);
  switch (schema.type) {
    case "object":
      return objectFromSchema(random, schema, set, depth);
    case "array": {
      if (depth <= 0 || schema.items === undefined) return [];
      const { items } = schema;
      return Array.from({ length: random.below(3) }, () => fromSchema(random, items, set, depth - 1));
    }
    case "integer":
      return pick<number | bigint>(
        random,
        chance(random, 0.9) ? [1, 2, 80, 8080, 30000] : [0, -1, 2 ** 31, 9007199254740993n, 2n ** 63n - 1n],
      );
    case "number":
      return random.next();
    case "boolean":
      return chance(random, 0.5);
    case "string":
      return textFor(random, schema.format);
    default:
      return chance(random, 0.5) ? random.below(100) : textFor(random, undefined);
  }
}

function objectFromSchema(random: SeededRandom, schema: Schema, set: SchemaSet, depth: number): unknown {
  const object: Record<string, unknown> = {};
  const required = new Set(schema.required);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!required.has(name) && !chance(random, depth > 6 ? 0.5 : 0.1)) continue;
    if (depth <= 0 && !required.has(name)) continue;
    own(object, name, fromSchema(random, property, set, depth - 1));
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === "object") {
    for (let i = random.below(3); i > 0; i--) {
      const usual = chance(random, 0.9) ? ["app", "tier"] : keys;
      own(object, pick(random, usual), fromSchema(random, additionalProperties, set, depth - 1));
    }
  }
  return object;
}

function textFor(random: SeededRandom, format: string | undefined): string {
  if (chance(random, 0.03)) return pick(random, texts);
  if (format === "date-time") return "2024-01-01T00:00:00Z";
  if (format === "byte") return "aGVsbG8=";
  return pick(random, ["web", "nginx", "a", "b", "default", "TCP", "Always", "10", "1Gi", "10.0.0.1", "app", "/data"]);
}

/** Something in it is replaced, taken away or doubled. */
export function damaged(random: SeededRandom, value: unknown): unknown {
  if (typeof value !== "object" || value === null || chance(random, 0.15)) return anyValue(random);
  if (Array.isArray(value)) {
    if (value.length === 0) return [anyValue(random)];
    const at = random.below(value.length);
    const copy = [...value];
    if (chance(random, 0.2)) copy.push(copy[at]);
    else copy[at] = damaged(random, copy[at]);
    return copy;
  }
  const copy: Record<string, unknown> = {};
  const names = Object.keys(value);
  const chosen = names.length === 0 || chance(random, 0.1) ? pick(random, keys) : pick(random, names);
  for (const name of names) own(copy, name, (value as Record<string, unknown>)[name]);
  if (chance(random, 0.1)) delete copy[chosen];
  else own(copy, chosen, damaged(random, Object.hasOwn(copy, chosen) ? copy[chosen] : null));
  return copy;
}
