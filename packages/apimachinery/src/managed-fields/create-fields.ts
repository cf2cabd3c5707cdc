/**
 * The FieldsV1 of an object that has just come into being: all of it belongs to who created it. The same as comparing it with nothing, encoding
 * the difference and leaving out what is nobody's, in one walk: creates are the most frequent writes there are.
 */

import { type Json, put } from "../object.ts";
import { compareElements, type FieldSet } from "./field-set.ts";
import { itemsByElement, type ListType, type MapType, type MergeType, typeFor } from "./merge-type.ts";

type Fields = Record<string, Json>;

const nothing: Fields = Object.freeze({});

/**
 * Of the root, and of what is stripped itself: both are in the fields only by what is below them.
 * @param stripped members of it are left out, what is below them stays
 * @param reset members of it are left out with all that is below
 * @throws MergeTypeError for a list that cannot be merged by its keys
 */
export function fieldsOfNew(value: Json, type: MergeType, stripped: FieldSet, reset?: FieldSet): Fields | undefined {
  const actual = typeFor(value, type);
  if (actual.kind !== "map") return undefined;
  const fields: Fields = {};
  const record = value as Record<string, Json>;
  let found = false;
  for (const key of sortedKeys(record)) {
    const element = `f:${key}`;
    if (reset?.children.get(element)?.member) continue;
    const child = record[key]!;
    const childType = actual.named(key) ?? actual.others;
    const without = stripped.children.get(element);
    const below = without === undefined ? fieldsOf(child, childType) : fieldsOfNew(child, childType, without);
    if (below === undefined) continue;
    put<Json>(fields, element, below);
    found = true;
  }
  return found ? fields : undefined;
}

/** What is below a path, with a dot for the path itself where there is something below it; undefined where nothing is tracked. */
function fieldsOf(value: Json, type: MergeType): Fields | undefined {
  const actual = typeFor(value, type);
  switch (actual.kind) {
    case "ignored":
      return undefined;
    case "map":
      return fieldsOfMap(value as Record<string, Json>, actual);
    case "list":
      return fieldsOfList(value as Json[], actual);
    default:
      return nothing;
  }
}

function fieldsOfMap(value: Record<string, Json>, type: MapType): Fields {
  const fields: Fields = { ".": nothing };
  let found = false;
  for (const key of sortedKeys(value)) {
    const below = fieldsOf(value[key]!, type.named(key) ?? type.others);
    if (below === undefined) continue;
    put<Json>(fields, `f:${key}`, below);
    found = true;
  }
  return found ? fields : nothing;
}

/** Items given twice are owned as a whole. */
function fieldsOfList(list: readonly Json[], type: ListType): Fields {
  if (list.length === 0) return nothing;
  const items = itemsByElement(list, type);
  const fields: Fields = { ".": nothing };
  for (const element of items.size === 1 ? items.keys() : [...items.keys()].sort(compareElements)) {
    const same = items.get(element)!;
    const below = same.length === 1 ? fieldsOf(same[0]!, type.items) : nothing;
    if (below !== undefined) put<Json>(fields, element, below);
  }
  return fields;
}

/** Of fields that have a value. Sorting is most of the work, and keys mostly come sorted. */
function sortedKeys(record: Record<string, Json>): string[] {
  const keys = Object.keys(record);
  let sorted = true;
  for (let i = 0; i < keys.length; i++) {
    if (record[keys[i]!] === undefined) return keys.filter((key) => record[key] !== undefined).sort();
    if (i > 0 && keys[i - 1]! > keys[i]!) sorted = false;
  }
  return sorted ? keys : keys.sort();
}
