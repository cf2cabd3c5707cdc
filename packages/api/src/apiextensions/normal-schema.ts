/**
 * Schemas as Go's decoder would have them: where a field may be a schema or something else the generated schema says nothing, and what is neither
 * counts as absent; null where a schema must be is an empty one. Everything after this may rely on it.
 */

import { badRequest, DecodeError, decodeObject, type Json, put } from "@kubets/apimachinery";
import type { JSONSchemaProps } from "../generated/types.ts";
import { schemaRef, schemaSet } from "../schema-set.ts";

type Loose = Record<string, unknown>;

function isJsonMap(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const ofOne = ["not"];
const ofLists = ["allOf", "anyOf", "oneOf"];
const ofMaps = ["properties", "patternProperties", "definitions"];

const props = schemaRef("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps");

/** A schema that the decoder has passed by, as it would have made it. @throws StatusError 400 for fields of a wrong type */
function decoded(value: Loose): Loose {
  try {
    const schema = decodeObject<Json>(value as Json, props, schemaSet).value as Loose;
    normalizeSchema(schema);
    return schema;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const kind = "CustomResourceDefinition";
    throw badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${error.message}`);
  }
}

/** In place. @throws StatusError 400 */
export function normalizeSchema(schema: JSONSchemaProps): void {
  const loose = schema as Loose;
  if (!Object.keys(loose).some((name) => fieldsOfOddForm.has(name))) return;
  dropEmpty(loose);
  normalizeItems(loose);
  for (const name of ["additionalProperties", "additionalItems"]) {
    const value = loose[name];
    if (isJsonMap(value)) loose[name] = decoded(value);
    else if (typeof value !== "boolean") delete loose[name];
  }
  for (const name of ofOne) if (isJsonMap(loose[name])) normalizeSchema(loose[name] as JSONSchemaProps);
  for (const name of ofLists) if (Array.isArray(loose[name])) normalizeList(loose[name]);
  for (const name of ofMaps) if (isJsonMap(loose[name])) normalizeMap(loose[name] as Loose);
  normalizeDependencies(loose);
}

/** Go writes no list and no map that has nothing in it, and does not tell null from absent. */
const omittedEmpty = [
  ...ofLists,
  ...ofMaps,
  "dependencies",
  "enum",
  "required",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-validations",
];

/** What has none of them is as it should be: most schemas are a type. */
const fieldsOfOddForm = new Set([
  ...["additionalItems", "additionalProperties", "default", "example", "items", "not"],
  ...omittedEmpty,
]);

function dropEmpty(schema: Loose): void {
  for (const name of ["default", "example"]) if (schema[name] === null) delete schema[name];
  for (const name of omittedEmpty) {
    const value = schema[name];
    if (typeof value === "object" && value !== null && Object.keys(value).length === 0) delete schema[name];
  }
}

function normalizeItems(schema: Loose): void {
  const { items } = schema;
  if (Array.isArray(items)) schema["items"] = items.map((item) => (isJsonMap(item) ? decoded(item) : {}));
  else if (isJsonMap(items)) schema["items"] = decoded(items);
  else delete schema["items"];
}

function normalizeList(list: unknown[]): void {
  for (const [index, item] of list.entries()) {
    if (isJsonMap(item)) normalizeSchema(item);
    else list[index] = {};
  }
}

function normalizeMap(map: Loose): void {
  for (const name of Object.keys(map)) {
    const value = map[name];
    if (isJsonMap(value)) normalizeSchema(value);
    else Object.defineProperty(map, name, { value: {}, enumerable: true, writable: true, configurable: true });
  }
}

function normalizeDependencies({ dependencies }: Loose): void {
  if (!isJsonMap(dependencies)) return;
  for (const [name, value] of Object.entries(dependencies))
    if (isJsonMap(value)) put<unknown>(dependencies, name, decoded(value));
}
