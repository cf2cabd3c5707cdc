/** Merging an apply configuration into the live object, and taking fields out of an object. Source: structured-merge-diff's typed package. */

import { type Json, put } from "../object.ts";
import { type FieldSet, formatFieldPath, isEmptyFieldSet } from "./field-set.ts";
import {
  isMap,
  itemElement,
  itemsByElement,
  type ListType,
  type MapType,
  type MergeType,
  MergeTypeError,
  typeFor,
} from "./merge-type.ts";

/** `live` with `config` laid over it. @throws MergeTypeError when `config` has a list item twice */
export function mergeConfig(live: Json | undefined, config: Json | undefined, type: MergeType): Json {
  if (config === undefined) return live as Json;
  if (config === null) return hasParts(live, type) ? live : null;
  const actual = typeFor(config, type);
  const same = live !== undefined && typeFor(live, type).kind === actual.kind;
  if (actual.kind === "list") return mergeLists(same ? (live as Json[]) : [], config as Json[], actual);
  if (actual.kind === "map") {
    return mergeMaps(same ? (live as Record<string, Json>) : {}, config as Record<string, Json>, actual);
  }
  return config;
}

/** Of parts that have owners of their own: a null says nothing of them, and takes the place of everything else. */
function hasParts(value: Json | undefined, type: MergeType): value is Json {
  if (value === undefined || value === null) return false;
  const { kind } = typeFor(value, type);
  return (kind === "map" || kind === "list") && Object.keys(value).length > 0;
}

function mergeMaps(live: Record<string, Json>, config: Record<string, Json>, type: MapType): Json {
  const result = { ...live };
  for (const key of Object.keys(config)) {
    const old = Object.hasOwn(live, key) ? live[key] : undefined;
    put(result, key, mergeConfig(old, config[key], type.named(key) ?? type.others));
  }
  return result;
}

/** The configuration's order, with the live object's own items where they stood among the shared ones. */
function mergeLists(live: readonly Json[], config: readonly Json[], type: ListType): Json[] {
  const liveElements = live.map((item) => itemElement(item, type));
  const liveItems = itemsByElement(live, type);
  const configItems = uniqueItems(config, type);
  const configElements = [...configItems.keys()];
  const shared = configElements.filter((element) => liveItems.has(element));
  const out: Json[] = [];
  const done = new Set<string>();
  let nextShared = 0;
  const take = (element: string) => {
    const old = liveItems.get(element);
    done.add(element);
    out.push(mergeConfig(old?.length === 1 ? old[0] : undefined, configItems.get(element), type.items));
    if (shared[nextShared] === element) nextShared++;
  };
  let l = 0;
  let c = 0;
  while (l < liveElements.length || c < configElements.length) {
    const element = liveElements[l];
    if (element !== undefined) {
      if (!configItems.has(element)) {
        out.push(live[l++]!);
        continue;
      }
      const later = c < configElements.length && nextShared < shared.length && shared[nextShared] !== element;
      if (element === configElements[c]) {
        l++;
      } else if (later) {
        // A shared item that is not the next one: it stands where the configuration has it.
        l++;
        continue;
      } else if (done.has(element)) {
        l++;
      }
    }
    if (c < configElements.length) take(configElements[c++]!);
  }
  return out;
}

function uniqueItems(list: readonly Json[], type: ListType): Map<string, Json> {
  const items = new Map<string, Json>();
  for (const item of list) {
    const element = itemElement(item, type);
    if (items.has(element)) throw new MergeTypeError(`duplicate entries for key ${formatFieldPath([element])}`);
    items.set(element, item);
  }
  return items;
}

/**
 * The value without the members of `fields` and what is below them. Undefined when a map or list is left with nothing; one inside that is, and is no
 * member itself, becomes null.
 */
export function removeFields(value: Json, fields: FieldSet, type: MergeType): Json | undefined {
  if (isEmptyFieldSet(fields)) return value;
  const actual = typeFor(value, type);
  if (actual.kind === "map" && isMap(value)) {
    const result: Record<string, Json> = {};
    for (const key of Object.keys(value)) {
      const kept = removeChild(value[key]!, fields.children.get(`f:${key}`), actual.named(key) ?? actual.others);
      if (kept !== undefined) put(result, key, kept);
    }
    return Object.keys(result).length === 0 ? undefined : result;
  }
  if (actual.kind === "list" && Array.isArray(value)) {
    const result: Json[] = [];
    for (const item of value) {
      const kept = removeChild(item, fields.children.get(itemElement(item, actual)), actual.items);
      if (kept !== undefined) result.push(kept);
    }
    return result.length === 0 ? undefined : result;
  }
  return actual.kind === "atomic" ? undefined : value;
}

function removeChild(child: Json, fields: FieldSet | undefined, type: MergeType): Json | undefined {
  if (fields === undefined) return child;
  if (fields.member) return undefined;
  return fields.children.size === 0 ? child : (removeFields(child, fields, type) ?? null);
}

/** The set in which every struct field on the way to a member is a member too. */
export function withNamedFields(set: FieldSet, type: MergeType | undefined): FieldSet {
  if (set.children.size === 0) return set;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const name = element.startsWith("f:") ? element.slice(2) : undefined;
    const named = name !== undefined && type?.kind === "map" ? type.named(name) : undefined;
    const below = withNamedFields(child, named ?? childType(type, name));
    const member = below.member || (named !== undefined && child.children.size > 0);
    children.set(element, { member, children: below.children });
  }
  return { member: set.member, children };
}

function childType(type: MergeType | undefined, name: string | undefined): MergeType | undefined {
  if (type?.kind === "map" && name !== undefined) return type.others;
  return type?.kind === "list" ? type.items : undefined;
}
