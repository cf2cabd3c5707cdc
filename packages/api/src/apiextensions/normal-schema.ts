/**
 * Schemas as Go's decoder would have them: where a field may be a schema or something else the generated schema says nothing, and what is neither
 * counts as absent; null where a schema must be is an empty one. Everything after this may rely on it.
 */

import type { JSONSchemaProps } from "../generated/types.ts";

type Loose = Record<string, unknown>;

function isJsonMap(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const ofOne = ["not"];
const ofLists = ["allOf", "anyOf", "oneOf"];
const ofMaps = ["properties", "patternProperties", "definitions"];

/** In place. */
export function normalizeSchema(schema: JSONSchemaProps): void {
  const loose = schema as Loose;
  normalizeItems(loose);
  for (const name of ["additionalProperties", "additionalItems"]) {
    const value = loose[name];
    if (isJsonMap(value)) normalizeSchema(value);
    else if (typeof value !== "boolean") delete loose[name];
  }
  for (const name of ofOne) if (isJsonMap(loose[name])) normalizeSchema(loose[name] as JSONSchemaProps);
  for (const name of ofLists) if (Array.isArray(loose[name])) normalizeList(loose[name]);
  for (const name of ofMaps) if (isJsonMap(loose[name])) normalizeMap(loose[name] as Loose);
  normalizeDependencies(loose);
}

function normalizeItems(schema: Loose): void {
  const { items } = schema;
  if (Array.isArray(items)) normalizeList(items);
  else if (isJsonMap(items)) normalizeSchema(items);
  else delete schema["items"];
}

function normalizeList(list: unknown[]): void {
  for (const [index, item] of list.entries()) {
    if (isJsonMap(item)) normalizeSchema(item);
    else list[index] = {};
  }
}

function normalizeMap(map: Loose): void {
  for (const [name, value] of Object.entries(map)) {
    if (isJsonMap(value)) normalizeSchema(value);
    else Object.defineProperty(map, name, { value: {}, enumerable: true, writable: true, configurable: true });
  }
}

function normalizeDependencies({ dependencies }: Loose): void {
  if (!isJsonMap(dependencies)) return;
  for (const value of Object.values(dependencies)) if (isJsonMap(value)) normalizeSchema(value);
}
