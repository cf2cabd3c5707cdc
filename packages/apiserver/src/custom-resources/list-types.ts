/** Sets hold each value once, map lists each key. Source: apiextensions-apiserver's schema/listtype. */

import { duplicate, type FieldError, type FieldPath, invalidValue, pushAll, writeJson } from "@kubets/apimachinery";
import { isObject, type JsonObject, type SchemaNode } from "./schema-node.ts";

export function listFaults(value: unknown, node: SchemaNode, at: FieldPath): FieldError[] {
  if (!node.hasLists) return [];
  if (Array.isArray(value)) return arrayFaults(value, node, at);
  return isObject(value) ? objectFaults(value, node, at) : [];
}

function objectFaults(object: JsonObject, node: SchemaNode, at: FieldPath): FieldError[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (typeof value !== "object" || value === null) return [];
    const named = node.properties.get(key);
    if (named !== undefined) return named.hasLists ? listFaults(value, named, at.child(key)) : [];
    return node.values?.hasLists ? listFaults(value, node.values, at.key(key)) : [];
  });
}

function arrayFaults(list: readonly unknown[], node: SchemaNode, at: FieldPath): FieldError[] {
  const { "x-kubernetes-list-type": type, "x-kubernetes-list-map-keys": keys = [] } = node.schema;
  const errors: FieldError[] = [];
  if (type === "set")
    pushAll(
      errors,
      repeated(list).map((i) => duplicate(at.index(i), list[i])),
    );
  if (type === "map") pushAll(errors, mapFaults(list, keys, at));
  const { items } = node;
  if (!items?.hasLists) return errors;
  return [...errors, ...list.flatMap((item, i) => listFaults(item, items, at.index(i)))];
}

/** Of values that are there more than once, the second place. */
function repeated(list: readonly unknown[]): number[] {
  if (list.length < 2) return [];
  const seen = new Map<unknown, number>();
  const again: number[] = [];
  for (const [i, item] of list.entries()) {
    const key =
      typeof item === "object" && item !== null ? `{${canonical(item)}` : typeof item === "string" ? `"${item}` : item;
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    if (times === 1) again.push(i);
  }
  return again;
}

/** The same text for objects that differ in the order of their keys only. */
function canonical(value: unknown): string {
  return writeJson(sorted(value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}

function mapFaults(list: readonly unknown[], keys: readonly string[], at: FieldPath): FieldError[] {
  for (const [i, item] of list.entries()) {
    if (item === null || isObject(item)) continue;
    return [invalidValue(at.index(i), item, "must be an object for an array of list-type map")];
  }
  const keyed = list.map((item) => {
    const key: JsonObject = {};
    for (const name of keys) if (isObject(item) && Object.hasOwn(item, name)) key[name] = item[name];
    return key;
  });
  return repeated(keyed).map((i) => duplicate(at.index(i), keyed[i]));
}
