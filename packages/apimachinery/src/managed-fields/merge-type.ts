/** How the fields of a schema merge: what is one value (atomic) and what is a collection of separately owned parts. */

import type { Json } from "../object.ts";
import { type Schema, type SchemaSet, schemaRefPrefix } from "../schema.ts";
import { keyElement, valueElement } from "./field-set.ts";

export interface AtomType {
  /** `ignored` is `metadata.managedFields` itself. */
  readonly kind: "scalar" | "atomic" | "ignored";
}

export interface ListType {
  readonly kind: "list";
  readonly items: MergeType;
  /** Undefined for a set, whose items are their own keys. */
  readonly keys: readonly string[] | undefined;
  readonly defaults: Readonly<Record<string, Json>>;
}

export interface MapType {
  readonly kind: "map";
  /** The type of a field the schema names. */
  named(key: string): MergeType | undefined;
  /** The type of any other key. */
  readonly others: MergeType;
}

/** Decided by the value: objects are maps of the same, lists are atomic. */
export interface UntypedType {
  readonly kind: "untyped";
}

/** How the values of a schema are merged by an apply: as one, item by item, or key by key. Made by {@link mergeTypeOf}. */
export type MergeType = AtomType | ListType | MapType | UntypedType;

const scalar: AtomType = { kind: "scalar" };
const atomic: AtomType = { kind: "atomic" };
const ignored: AtomType = { kind: "ignored" };
const untyped: UntypedType = { kind: "untyped" };
const untypedMap: MapType = { kind: "map", named: () => undefined, others: untyped };

const caches = new WeakMap<SchemaSet, WeakMap<Schema, MergeType>>();

/** The merge type of a schema, made once. */
export function mergeTypeOf(schema: Schema, set: SchemaSet): MergeType {
  let cache = caches.get(set);
  if (cache === undefined) {
    cache = new WeakMap();
    caches.set(set, cache);
  }
  let type = cache.get(schema);
  if (type === undefined) {
    type = compile(schema, set);
    cache.set(schema, type);
  }
  return type;
}

function compile(schema: Schema, set: SchemaSet): MergeType {
  if (schema["x-kubernetes-map-type"] === "atomic" || schema["x-kubernetes-list-type"] === "atomic") return atomic;
  if (schema.$ref !== undefined) return mergeTypeOf(target(schema.$ref, set), set);
  if (schema["x-kubernetes-int-or-string"]) return scalar;
  if (schema.type === "array") return compileList(schema, set);
  if (schema.type === "object") return compileMap(schema, set);
  return schema.type === undefined ? untyped : scalar;
}

function target(reference: string, set: SchemaSet): Schema {
  const name = reference.startsWith(schemaRefPrefix) ? reference.slice(schemaRefPrefix.length) : reference;
  const schema = set.get(name);
  if (schema === undefined) throw new Error(`schema ${name} is referred to and not defined`);
  return schema;
}

function compileList(schema: Schema, set: SchemaSet): MergeType {
  const items = schema.items;
  if (items?.$ref?.endsWith(".ManagedFieldsEntry")) return ignored;
  const listType = schema["x-kubernetes-list-type"];
  if (items === undefined || (listType !== "map" && listType !== "set")) return atomic;
  const keys = listType === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : undefined;
  const properties = (items.$ref === undefined ? items : target(items.$ref, set)).properties;
  const defaults: Record<string, Json> = {};
  for (const key of keys ?? []) {
    const value = properties?.[key]?.default;
    // An empty default only says that the field is always written.
    if (value !== undefined && value !== "" && value !== 0) defaults[key] = value as Json;
  }
  return { kind: "list", items: mergeTypeOf(items, set), keys, defaults };
}

function compileMap(schema: Schema, set: SchemaSet): MergeType {
  const { properties, additionalProperties } = schema;
  if (properties === undefined && typeof additionalProperties !== "object") return untypedMap;
  const others = typeof additionalProperties === "object" ? mergeTypeOf(additionalProperties, set) : untyped;
  const fields = new Map<string, MergeType>();
  const named = (key: string): MergeType | undefined => {
    let type = fields.get(key);
    if (type === undefined && properties !== undefined && Object.hasOwn(properties, key)) {
      type = mergeTypeOf(properties[key]!, set);
      fields.set(key, type);
    }
    return type;
  };
  return { kind: "map", named, others };
}

/** The type with which a value is treated: untyped ones by what they are, and one that does not fit its type as a whole. */
export function typeFor(value: Json, type: MergeType): AtomType | ListType | MapType {
  switch (type.kind) {
    case "untyped":
      return isMap(value) ? untypedMap : Array.isArray(value) ? atomic : scalar;
    case "list":
      return Array.isArray(value) ? type : atomic;
    case "map":
      return isMap(value) ? type : atomic;
    default:
      return type;
  }
}

export function isMap(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list that cannot be merged as its type says. */
export class MergeTypeError extends Error {
  override readonly name = "MergeTypeError";
}

/** The path element of a list's item. @throws MergeTypeError for an item without any of its keys */
export function itemElement(item: Json, type: ListType): string {
  if (type.keys === undefined) return valueElement(item);
  if (!isMap(item)) throw new MergeTypeError("associative list with keys may not have non-map elements");
  const keys: Record<string, Json> = {};
  let found = false;
  for (const key of type.keys) {
    const value = Object.hasOwn(item, key) ? item[key] : type.defaults[key];
    if (value === undefined) continue;
    keys[key] = value;
    found = true;
  }
  if (found) return keyElement(keys);
  throw new MergeTypeError(
    `associative list with keys has an element that omits all key fields [${type.keys.map((key) => JSON.stringify(key)).join(" ")}] (and doesn't have default values for any key fields)`,
  );
}

/** A list's items by path element, in order; an element given twice has several. */
export function itemsByElement(list: readonly Json[], type: ListType): Map<string, Json[]> {
  const items = new Map<string, Json[]>();
  for (const item of list) {
    const element = itemElement(item, type);
    const same = items.get(element);
    if (same === undefined) items.set(element, [item]);
    else same.push(item);
  }
  return items;
}
