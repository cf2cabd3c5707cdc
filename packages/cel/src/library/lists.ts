/** Functions of lists: Kubernetes' own, cel-go's lists extension (version 3), sets, and optionals. */

import { CelError, costExceeded } from "../cel-error.ts";
import { compare, contains, equals, isZero } from "../equality.ts";
import {
  ArrayList,
  type CelValue,
  Duration,
  List,
  type MapValue,
  NativeMap,
  Optional,
  typeOf,
  Uint,
} from "../value.ts";
import { checkInt, checkUint, makeDuration } from "./operators.ts";
import { type Overload, overload } from "./overload.ts";
import { describe } from "./text.ts";

const comparable = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"] as const;
const typeName: Readonly<Record<string, string>> = {
  duration: "google.protobuf.Duration",
  timestamp: "google.protobuf.Timestamp",
};

function isSorted(list: List): boolean {
  for (let i = 1; i < list.size; i++) if (compare(list.at(i - 1), list.at(i)) > 0) return false;
  return true;
}

function extreme(list: List, name: "min" | "max"): CelValue {
  if (list.size === 0) throw new CelError(`${name} called on empty list`);
  let best = list.at(0);
  for (let i = 1; i < list.size; i++) {
    const value = list.at(i);
    const order = compare(value, best);
    if (name === "min" ? order < 0 : order > 0) best = value;
  }
  return best;
}

const sums: readonly [type: string, add: (list: List) => CelValue][] = [
  ["int", (list) => total(list, 0n, (a: bigint, b: bigint) => checkInt(a + b))],
  ["uint", (list) => total(list, new Uint(0n), (a: Uint, b: Uint) => checkUint(a.value + b.value))],
  ["double", (list) => total(list, 0, (a: number, b: number) => a + b)],
  ["duration", (list) => total(list, new Duration(0n), (a: Duration, b: Duration) => makeDuration(a.nanos + b.nanos))],
];

function total<T extends CelValue>(list: List, zero: T, add: (a: T, b: T) => T): T {
  const { kind } = typeOf(zero);
  let sum = zero;
  for (const value of list) {
    if (typeOf(value).kind !== kind) throw new CelError("no such overload");
    sum = add(sum, value as T);
  }
  return sum;
}

function indexOf(list: List, value: CelValue): bigint {
  for (let i = 0; i < list.size; i++) if (equals(list.at(i), value)) return BigInt(i);
  return -1n;
}

function lastIndexOf(list: List, value: CelValue): bigint {
  for (let i = list.size - 1; i >= 0; i--) if (equals(list.at(i), value)) return BigInt(i);
  return -1n;
}

function slice(list: List, start: bigint, end: bigint): List {
  const cannot = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) throw new CelError(`${cannot}, negative indexes not supported`);
  if (start > end) throw new CelError(`${cannot}, start index must be less than or equal to end index`);
  if (BigInt(list.size) < end) throw new CelError(`${cannot}, list is length ${list.size}`);
  const items: CelValue[] = [];
  for (let i = Number(start); i < Number(end); i++) items.push(list.at(i));
  return new ArrayList(items);
}

/** Beyond it a list has more levels than any expression can make. */
const deepest = 1000;

function flatten(list: List, depth = 1n): List {
  if (depth < 0n) throw new CelError("level must be non-negative");
  const items: CelValue[] = [];
  const collect = (from: List, left: number): void => {
    for (const value of from) {
      if (value instanceof List && left > 0) collect(value, left - 1);
      else items.push(value);
    }
  };
  collect(list, depth > BigInt(deepest) ? deepest : Number(depth));
  return new ArrayList(items);
}

/** Memory is bounded before the cost, which is known when the list is made. */
const longestRange = 1_000_000n;

function range(count: bigint): List {
  if (count > longestRange) throw costExceeded();
  return new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i)));
}

function distinct(list: List): List {
  const unique = new ArrayList([]);
  for (const value of list) if (!contains(unique, value)) unique.items.push(value);
  return unique;
}

function sortByKeys(list: List, keys: List): List {
  if (list.size !== keys.size) {
    const why = "expected a list of the same size as the associated keys list";
    const sizes = `${list.size} and ${keys.size}`;
    throw new CelError(`@sortByAssociatedKeys() ${why}, but got ${sizes} elements respectively`);
  }
  const pairs = [...list].map((value, i) => ({ value, key: keys.at(i) }));
  const kind = pairs.length === 0 ? undefined : typeOf(pairs[0]!.key).kind;
  for (const { key } of pairs)
    if (typeOf(key).kind !== kind) throw new CelError("list elements must have the same type");
  pairs.sort((a, b) => compare(a.key, b.key));
  return new ArrayList(pairs.map(({ value }) => value));
}

function containsAll(list: List, part: List): boolean {
  for (const value of part) if (!contains(list, value)) return false;
  return true;
}

function intersects(a: List, b: List): boolean {
  for (const value of a) if (contains(b, value)) return true;
  return false;
}

function first(list: List): Optional {
  return list.size === 0 ? Optional.none : new Optional(list.at(0));
}

function last(list: List): Optional {
  return list.size === 0 ? Optional.none : new Optional(list.at(list.size - 1));
}

function unwrap(list: List): List {
  const items: CelValue[] = [];
  for (const value of list) {
    if (!(value instanceof Optional)) throw new CelError(`value ${describe(value)} is not optional`);
    if (value.value !== undefined) items.push(value.value);
  }
  return new ArrayList(items);
}

/** A comprehension's own map grows in place; nothing else can see it before it is done. */
function insert(map: MapValue, key: CelValue, value: CelValue): MapValue {
  const target = map instanceof NativeMap ? map : copy(map);
  if (!target.insert(key, value)) throw new CelError(`insert failed: key ${describe(key)} already exists`);
  return target;
}

function copy(map: MapValue): NativeMap {
  const made = new NativeMap();
  for (const key of map.keys()) made.insert(key, map.find(key) ?? null);
  return made;
}

function insertAll(map: MapValue, more: MapValue): MapValue {
  let target = map;
  for (const key of more.keys()) target = insert(target, key, more.find(key) ?? null);
  return target;
}

const perType: Overload[] = comparable.flatMap((type) => [
  overload("isSorted", `list_${type}_is_sorted_bool`, `list(${type}).(): bool`, isSorted),
  overload("min", `list_${type}_min_${type}`, `list(${type}).(): ${type}`, (list: List) => extreme(list, "min")),
  overload("max", `list_${type}_max_${type}`, `list(${type}).(): ${type}`, (list: List) => extreme(list, "max")),
  overload("sort", `list_${typeName[type] ?? type}_sort`, `list(${type}).(): list(${type})`, (list: List) =>
    sortByKeys(list, list),
  ),
  overload(
    "@sortByAssociatedKeys",
    `list_${typeName[type] ?? type}_sortByAssociatedKeys`,
    `list(T).(list(${type})): list(T)`,
    sortByKeys,
  ),
]);

export const listFunctions: readonly Overload[] = [
  ...perType,
  ...sums.map(([type, add]) => overload("sum", `list_${type}_sum_${type}`, `list(${type}).(): ${type}`, add)),
  overload("indexOf", "list_a_index_of_int", "list(A).(A): int", indexOf),
  overload("lastIndexOf", "list_a_last_index_of_int", "list(A).(A): int", lastIndexOf),
  overload("slice", "list_slice", "list(T).(int, int): list(T)", slice),
  overload("flatten", "list_flatten", "list(list(T)).(): list(T)", flatten),
  overload("flatten", "list_flatten_int", "list(dyn).(int): list(dyn)", flatten),
  overload("lists.range", "lists_range", "(int): list(int)", range),
  overload("reverse", "list_reverse", "list(T).(): list(T)", (list: List) => new ArrayList([...list].reverse())),
  overload("distinct", "list_distinct", "list(T).(): list(T)", distinct),
  overload("first", "list_first", "list(V).(): optional(V)", first),
  overload("last", "list_last", "list(V).(): optional(V)", last),
  overload("sets.contains", "list_sets_contains_list", "(list(T), list(T)): bool", containsAll),
  overload("sets.intersects", "list_sets_intersects_list", "(list(T), list(T)): bool", intersects),
  overload(
    "sets.equivalent",
    "list_sets_equivalent_list",
    "(list(T), list(T)): bool",
    (a: List, b: List) => containsAll(a, b) && containsAll(b, a),
  ),
  overload("optional.of", "optional_of", "(V): optional(V)", (value: CelValue) => new Optional(value)),
  overload("optional.ofNonZeroValue", "optional_ofNonZeroValue", "(V): optional(V)", (value: CelValue) =>
    isZero(value) ? Optional.none : new Optional(value),
  ),
  overload("optional.none", "optional_none", "(): optional(V)", () => Optional.none),
  overload("optional.unwrap", "optional_unwrap", "(list(optional(V))): list(V)", unwrap),
  overload("unwrapOpt", "optional_unwrapOpt", "list(optional(V)).(): list(V)", unwrap),
  overload("cel.@mapInsert", "@mapInsert_map_key_value", "(map(K, V), K, V): map(K, V)", insert),
  overload("cel.@mapInsert", "@mapInsert_map_map", "(map(K, V), map(K, V)): map(K, V)", insertAll),
];
