/**
 * The FieldsV1 of an object that has just come into being: all of it belongs to who created it. The same as comparing it with nothing, encoding
 * the difference and leaving out what is nobody's, in one walk: creates are the most frequent writes there are.
 */

import { deepEqual } from "../equality.ts";
import { type Json, put } from "../object.ts";
import { compareElements, type FieldSet, fieldElement } from "./field-set.ts";
import { isMap, itemsByElement, type ListType, type MapType, type MergeType, typeFor } from "./merge-type.ts";

type Fields = Record<string, Json>;

const nothing: Fields = Object.freeze({});

/**
 * Of the root, and of what is stripped itself: both are in the fields only by what is below them.
 * @param stripped members of it are left out, what is below them stays
 * @param reset members of it are left out with all that is below
 * @param zero what an object is that nobody has written anything in
 * @throws MergeTypeError for a list that cannot be merged by its keys
 */
export function fieldsOfNew(
  value: Json,
  type: MergeType,
  stripped: FieldSet,
  reset?: FieldSet,
  zero?: Json,
): Fields | undefined {
  const actual = typeFor(value, type);
  if (actual.kind !== "map") return undefined;
  const fields: Fields = {};
  const record = value as Record<string, Json>;
  let found = false;
  for (const [key, child] of sortedEntries(record)) {
    const element = fieldElement(key);
    if (reset?.children.get(element)?.member) continue;
    const childType = actual.named(key) ?? actual.others;
    const without = stripped.children.get(element);
    const zeroChild = partOf(zero, key);
    const below =
      without === undefined
        ? fieldsOf(child, childType, zeroChild)
        : fieldsOfNew(child, childType, without, undefined, zeroChild);
    if (below === undefined) continue;
    put<Json>(fields, element, below);
    found = true;
  }
  return found ? fields : undefined;
}

function partOf(zero: Json | undefined, key: string): Json | undefined {
  return isMap(zero) && Object.hasOwn(zero, key) ? zero[key] : undefined;
}

/** What is below a path, with a dot for the path itself where there is something below it; undefined where nothing is tracked. What is there at zero has no dot. */
function fieldsOf(value: Json, type: MergeType, zero?: Json): Fields | undefined {
  const actual = typeFor(value, type);
  switch (actual.kind) {
    case "ignored":
      return undefined;
    case "map":
      return fieldsOfMap(value as Record<string, Json>, actual, zero);
    case "list":
      return fieldsOfList(value as Json[], actual, zero !== undefined);
    default:
      return zero !== undefined && deepEqual(zero, value) ? undefined : nothing;
  }
}

function fieldsOfMap(value: Record<string, Json>, type: MapType, zero: Json | undefined): Fields | undefined {
  const fields: Fields = zero === undefined ? { ".": nothing } : {};
  let found = false;
  for (const [key, child] of sortedEntries(value)) {
    const below = fieldsOf(child, type.named(key) ?? type.others, partOf(zero, key));
    if (below === undefined) continue;
    put<Json>(fields, fieldElement(key), below);
    found = true;
  }
  if (found) return fields;
  return zero === undefined ? nothing : undefined;
}

/** Items given twice are owned as a whole. */
function fieldsOfList(list: readonly Json[], type: ListType, isThere: boolean): Fields | undefined {
  if (list.length === 0) return isThere ? undefined : nothing;
  const items = itemsByElement(list, type);
  const fields: Fields = isThere ? {} : { ".": nothing };
  for (const element of items.size === 1 ? items.keys() : [...items.keys()].sort(compareElements)) {
    const same = items.get(element)!;
    const below = same.length === 1 ? fieldsOf(same[0]!, type.items) : nothing;
    if (below !== undefined) put<Json>(fields, element, below);
  }
  return fields;
}

/** Fields that have a value, each looked up once. */
function sortedEntries(record: Record<string, Json>): [key: string, value: Json][] {
  const entries: [string, Json][] = [];
  let sorted = true;
  let last = "";
  for (const key in record) {
    const value = record[key];
    if (value === undefined) continue;
    if (key < last) sorted = false;
    last = key;
    entries.push([key, value]);
  }
  return sorted ? entries : entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
