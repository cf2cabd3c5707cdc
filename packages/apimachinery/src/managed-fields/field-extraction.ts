/** The field set of an object: what an apply configuration claims, and everything an object has. */

import type { Json } from "../object.ts";
import { emptyFieldSet, type FieldSet, leafFieldSet } from "./field-set.ts";
import { isMap, itemsByElement, type ListType, type MapType, type MergeType, typeFor } from "./merge-type.ts";

/** What a configuration claims: leaves, list items, map keys and empty objects; not the structs on the way. */
export function claimedFields(value: Json, type: MergeType): FieldSet {
  return { member: false, children: claimed(value, type).children };
}

function claimed(value: Json, type: MergeType): FieldSet {
  const actual = typeFor(value, type);
  if (actual.kind === "ignored") return emptyFieldSet;
  if (actual.kind === "map") return claimedMap(value as Record<string, Json>, actual);
  if (actual.kind === "list") return { member: false, children: listChildren(value as Json[], actual, claimedItem) };
  return leafFieldSet;
}

function claimedItem(item: Json, type: MergeType): FieldSet {
  return { member: true, children: claimed(item, type).children };
}

function claimedMap(value: Record<string, Json>, type: MapType): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const key of Object.keys(value)) {
    const child = value[key];
    if (child === undefined) continue;
    const named = type.named(key);
    if (named?.kind === "ignored") continue;
    const below = claimed(child, named ?? type.others);
    const empty = child === null || (isMap(child) && Object.keys(child).length === 0);
    const member = below.member || empty || named === undefined;
    if (member || below.children.size > 0) children.set(`f:${key}`, { member, children: below.children });
  }
  return { member: false, children };
}

/** Everything there is, each struct, map and list on the way included: what a create owns. */
export function allFields(value: Json, type: MergeType): FieldSet {
  const actual = typeFor(value, type);
  if (actual.kind === "ignored") return emptyFieldSet;
  if (actual.kind === "list") return { member: true, children: listChildren(value as Json[], actual, allFields) };
  if (actual.kind !== "map") return leafFieldSet;
  const children = new Map<string, FieldSet>();
  const record = value as Record<string, Json>;
  for (const key of Object.keys(record)) {
    const child = record[key];
    if (child === undefined) continue;
    const below = allFields(child, actual.named(key) ?? actual.others);
    if (below.member) children.set(`f:${key}`, below);
  }
  return { member: true, children };
}

/** Items given twice are owned as a whole. */
function listChildren(
  list: readonly Json[],
  type: ListType,
  below: (item: Json, type: MergeType) => FieldSet,
): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const [element, items] of itemsByElement(list, type)) {
    children.set(element, items.length === 1 ? below(items[0]!, type.items) : leafFieldSet);
  }
  return children;
}
