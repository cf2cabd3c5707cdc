/**
 * What makes a schema structural: every field has its type outside of allOf, anyOf, oneOf and not; those only restrict values.
 * Source: apiextensions-apiserver's pkg/apiserver/schema (validation.go, complete.go, convert.go).
 */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  mostErrors,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { JSONSchemaProps } from "../generated/types.ts";

export type { JSONSchemaProps };

/** Says why RE2 does not take a pattern; undefined when it does. */
export type PatternCheck = (pattern: string) => string | undefined;

type Level = "root" | "item" | "field";

const emptyType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/** `items` where it is one schema. */
export function itemsOf({ items }: JSONSchemaProps): JSONSchemaProps | undefined {
  return Array.isArray(items) ? undefined : items;
}

/** `additionalProperties` where it is a schema. */
export function valuesOf({ additionalProperties }: JSONSchemaProps): JSONSchemaProps | undefined {
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

/** A property by a name that users choose. */
export function propertyOf({ properties }: JSONSchemaProps, name: string): JSONSchemaProps | undefined {
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** What a structural schema cannot be made of, as NewStructural words it; undefined when there is nothing of it. */
export function structuralFault(schema: JSONSchemaProps): string | undefined {
  let fault: string | undefined;
  someSchema(schema, (each) => {
    fault = unsupported(each);
    return fault !== undefined;
  });
  return fault;
}

function unsupported(schema: JSONSchemaProps): string | undefined {
  const has = (value: object | undefined) => value !== undefined && Object.keys(value).length > 0;
  const no = (field: string) => `OpenAPIV3Schema '${field}' is not supported`;
  if (schema.id) return no("id");
  if (schema.$schema) return no("schema");
  if (schema.$ref) return no("$ref");
  if (has(schema.patternProperties)) return no("patternProperties");
  if (has(schema.dependencies)) return no("dependencies");
  if (schema.additionalItems !== undefined) return no("additionalItems");
  if (has(schema.definitions)) return no("definitions");
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema["x-kubernetes-preserve-unknown-fields"] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  return undefined;
}

/** Whether a schema or one below it is as asked; stops at the first. */
export function someSchema(schema: JSONSchemaProps | undefined, found: (schema: JSONSchemaProps) => boolean): boolean {
  if (schema === undefined) return false;
  if (found(schema)) return true;
  for (const field of withParts) {
    const value = schema[field];
    if (typeof value !== "object" || value === null) continue;
    const parts = Array.isArray(value) ? value : mapsOfParts.has(field) ? Object.values(value) : [value];
    for (const each of parts as readonly unknown[]) if (isSchema(each) && someSchema(each, found)) return true;
  }
  return false;
}

/** A dependency may be a list of names, or what Go reads as nothing. */
export function isSchema(value: unknown): value is JSONSchemaProps {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const mapsOfParts = new Set<string>(["properties", "patternProperties", "definitions", "dependencies"]);
/** The fields that hold schemas: one, a list of them, or a map. */
const withParts = [
  ...(["items", "allOf", "anyOf", "oneOf", "not", "properties", "additionalProperties"] as const),
  ...(["patternProperties", "additionalItems", "definitions", "dependencies"] as const),
];

/** All complaints, sorted; of complaints without end the first that are found. The schema has no {@link structuralFault}. */
export function validateStructural(schema: JSONSchemaProps, at: FieldPath, pattern: PatternCheck): FieldError[] {
  const errors: FieldError[] = [];
  invariants(schema, "root", at, pattern, errors);
  pushAll(errors, completeness(schema, schema, at, at));
  const byText = errors.map((error) => ({ text: `${error.field}: ${error.message}`, error }));
  return byText.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ error }) => error);
}

/** Whether objects may be pruned and given defaults by it. @param pattern tells what is wrong with a regular expression */
export function isStructural(schema: JSONSchemaProps, pattern: PatternCheck): boolean {
  return structuralFault(schema) === undefined && validateStructural(schema, path(), pattern).length === 0;
}

function invariants(
  schema: JSONSchemaProps,
  level: Level,
  at: FieldPath,
  pattern: PatternCheck,
  errors: FieldError[],
): void {
  if (errors.length >= mostErrors) return;
  const items = itemsOf(schema);
  if (schema.type === "array" && items === undefined) errors.push(required(at.child("items"), "must be specified"));
  if (items !== undefined) invariants(items, "item", at.child("items"), pattern, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    invariants(property, "field", at.child("properties").key(name), pattern, errors);
  }
  if (schema.additionalProperties !== undefined) {
    const below = at.child("additionalProperties");
    if (level === "root") errors.push(forbiddenField(below, "must not be used at the root"));
    const values = valuesOf(schema);
    if (values !== undefined) invariants(values, "field", below, pattern, errors);
  }
  pushAll(errors, extensions(schema, at));
  const skipAnyOf = isIntOrStringAnyOf(schema.anyOf);
  const skipFirstAllOf = isIntOrStringAnyOf(schema.allOf?.[0]?.anyOf);
  pushAll(errors, valueValidation(schema, { skipAnyOf, skipFirstAllOf }, level, at, pattern));
  pushAll(errors, types(schema, level, at));
  pushAll(errors, metadata(schema, level, at));
}

function extensions(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  if (!schema["x-kubernetes-int-or-string"]) return [];
  const names = ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const;
  return names
    .filter((name) => schema[name])
    .map((name) => invalidValue(at.child(name), true, "must be false if x-kubernetes-int-or-string is true"));
}

function types(schema: JSONSchemaProps, level: Level, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "" } = schema;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const untyped = schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
  if (embedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    errors.push(type === "" ? required(at.child("type"), why) : invalidValue(at.child("type"), type, why));
  } else if (type === "" && !untyped) errors.push(required(at.child("type"), emptyType[level]));
  if (embedded && schema.additionalProperties !== undefined) {
    const why = "must not be used if x-kubernetes-embedded-resource is set";
    errors.push(forbiddenField(at.child("additionalProperties"), why));
  }
  if (level === "root" && type !== "" && type !== "object") {
    errors.push(invalidValue(at.child("type"), type, "must be object at the root"));
  }
  return errors;
}

function metadata(schema: JSONSchemaProps, level: Level, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const checked = level === "root" || embedded;
  for (const name of checked ? ["kind", "apiVersion"] : []) {
    const property = propertyOf(schema, name);
    if (property === undefined || property.type === "string") continue;
    errors.push(invalidValue(at.child("properties").key(name).child("type"), property.type ?? "", "must be string"));
  }
  const meta = propertyOf(schema, "metadata");
  const below = at.child("properties").key("metadata");
  if (meta !== undefined && checked && meta.type !== "object") {
    errors.push(invalidValue(below.child("type"), meta.type ?? "", "must be object"));
  }
  if (meta !== undefined && level === "root" && !onlyNames(meta)) {
    const why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    errors.push(forbiddenField(below, why));
  }
  const empty = Object.keys(schema.properties ?? {}).length === 0;
  if (embedded && !schema["x-kubernetes-preserve-unknown-fields"] && empty) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    errors.push(required(at.child("properties"), why));
  }
  return errors;
}

/** The root's metadata may restrict names, and nothing else. */
function onlyNames({ type: _, default: __, properties = {}, ...rest }: JSONSchemaProps): boolean {
  const meaningful = Object.values(rest).some((value) => value !== undefined && value !== false && value !== "");
  return !meaningful && Object.keys(properties).every((name) => name === "name" || name === "generateName");
}

/** `anyOf: [{type: integer}, {type: string}]` and nothing more. */
export function isIntOrStringAnyOf(anyOf: readonly JSONSchemaProps[] | undefined): boolean {
  if (anyOf?.length !== 2) return false;
  const only = (schema: JSONSchemaProps | undefined, type: string) =>
    schema !== undefined && schema.type === type && Object.keys(schema).length === 1;
  return only(anyOf[0], "integer") && only(anyOf[1], "string");
}

interface Skips {
  readonly skipAnyOf?: boolean;
  readonly skipFirstAllOf?: boolean;
}

function valueValidation(
  schema: JSONSchemaProps,
  { skipAnyOf = false, skipFirstAllOf = false }: Skips,
  level: Level,
  at: FieldPath,
  pattern: PatternCheck,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, each] of skipAnyOf ? [] : (schema.anyOf ?? []).entries()) {
    pushAll(errors, nested(each, {}, level, at.child("anyOf").index(i), pattern));
  }
  for (const [i, each] of (schema.allOf ?? []).entries()) {
    pushAll(errors, nested(each, { skipAnyOf: skipFirstAllOf && i === 0 }, level, at.child("allOf").index(i), pattern));
  }
  for (const [i, each] of (schema.oneOf ?? []).entries()) {
    pushAll(errors, nested(each, {}, level, at.child("oneOf").index(i), pattern));
  }
  if (schema.not !== undefined) pushAll(errors, nested(schema.not, {}, level, at.child("not"), pattern));
  const fault = schema.pattern ? pattern(schema.pattern) : undefined;
  if (fault !== undefined) {
    const why = `must be a valid regular expression, but isn't: ${fault}`;
    errors.push(invalidValue(at.child("pattern"), schema.pattern, why));
  }
  return errors;
}

/** What allOf, anyOf, oneOf and not may not say, and how upstream words it. */
const forbiddenInNested: readonly (readonly [keyof JSONSchemaProps, string])[] = [
  ["type", "must be empty to be structural"],
  ["additionalProperties", "must be undefined to be structural"],
  ["default", "must be undefined to be structural"],
  ["title", "must be empty to be structural"],
  ["description", "must be empty to be structural"],
  ["nullable", "must be false to be structural"],
  ["x-kubernetes-preserve-unknown-fields", "must be false to be structural"],
  ["x-kubernetes-embedded-resource", "must be false to be structural"],
  ["x-kubernetes-int-or-string", "must be false to be structural"],
  ["x-kubernetes-list-map-keys", "must be empty to be structural"],
  ["x-kubernetes-list-type", "must be undefined to be structural"],
  ["x-kubernetes-map-type", "must be undefined to be structural"],
  ["x-kubernetes-validations", "must be empty to be structural"],
];

function nested(
  schema: JSONSchemaProps,
  skips: Skips,
  level: Level,
  at: FieldPath,
  pattern: PatternCheck,
): FieldError[] {
  const errors = valueValidation(schema, skips, level, at, pattern);
  const items = itemsOf(schema);
  if (items !== undefined) pushAll(errors, nested(items, {}, level, at.child("items"), pattern));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    pushAll(errors, nested(property, {}, "field", at.child("properties").key(name), pattern));
  }
  for (const [name, why] of forbiddenInNested) {
    if (isSet(schema[name])) errors.push(forbiddenField(at.child(name), why));
  }
  if (propertyOf(schema, "metadata") !== undefined) {
    const why = "must not be specified in a nested context";
    errors.push(forbiddenField(at.child("properties").key("metadata"), why));
  }
  return errors;
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  return !Array.isArray(value) || value.length > 0;
}

/** Whatever a nested schema speaks of must be there in the structure itself. */
function completeness(
  nestedSchema: JSONSchemaProps,
  structure: JSONSchemaProps | undefined,
  structurePath: FieldPath,
  at: FieldPath,
): FieldError[] {
  if (structure === undefined) return [required(structurePath, `because it is defined in ${at}`)];
  const below = (each: JSONSchemaProps, where: FieldPath) => partsComplete(each, structure, structurePath, where);
  return [
    ...(nestedSchema.not === undefined ? [] : below(nestedSchema.not, at.child("not"))),
    ...(nestedSchema.allOf ?? []).flatMap((each, i) => below(each, at.child("allOf").index(i))),
    ...(nestedSchema.anyOf ?? []).flatMap((each, i) => below(each, at.child("anyOf").index(i))),
    ...(nestedSchema.oneOf ?? []).flatMap((each, i) => below(each, at.child("oneOf").index(i))),
  ];
}

function partsComplete(
  schema: JSONSchemaProps,
  structure: JSONSchemaProps | undefined,
  structurePath: FieldPath,
  at: FieldPath,
): FieldError[] {
  if (structure === undefined) return [required(structurePath, `because it is defined in ${at}`)];
  const errors = completeness(schema, structure, structurePath, at);
  const items = itemsOf(schema);
  if (items !== undefined) {
    pushAll(errors, partsComplete(items, itemsOf(structure), structurePath.child("items"), at.child("items")));
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const target = propertyOf(structure, name);
    const [there, here] = [structurePath.child("properties").key(name), at.child("properties").key(name)];
    pushAll(errors, partsComplete(property, target, there, here));
  }
  return errors;
}
