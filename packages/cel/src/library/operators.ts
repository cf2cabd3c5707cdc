/** Arithmetic, comparison, membership. Source: cel-go's common/stdlib. */

import { CelError } from "../cel-error.ts";
import { compare, contains, elementKey, equals, setKey } from "../equality.ts";
import { maxTimestamp, minTimestamp } from "../time.ts";
import {
  ArrayList,
  type CelValue,
  ConcatenatedList,
  Duration,
  type List,
  type MapValue,
  maxInt,
  maxUint,
  minInt,
  type Optional,
  Timestamp,
  Uint,
} from "../value.ts";
import { type Overload, overload } from "./overload.ts";

/** @throws CelError for what is no int64 */
export function checkInt(value: bigint): bigint {
  if (value > maxInt || value < minInt) throw new CelError("integer overflow");
  return value;
}

/** @throws CelError for what is no uint64 */
export function checkUint(value: bigint): Uint {
  if (value < 0n || value > maxUint) throw new CelError("unsigned integer overflow");
  return new Uint(value);
}

/** @throws CelError for one that is too long, as for an integer */
export function makeDuration(nanos: bigint): Duration {
  return new Duration(checkInt(nanos));
}

/** @throws CelError for one before the year 1 or after 9999 */
export function makeTimestamp(nanos: bigint, offsetMinutes = 0): Timestamp {
  if (nanos > maxTimestamp || nanos < minTimestamp) throw new CelError("timestamp overflow");
  return new Timestamp(nanos, offsetMinutes);
}

function divisor(value: bigint, what: string): bigint {
  if (value === 0n) throw new CelError(what);
  return value;
}

const arithmetic: Overload[] = [
  overload("_+_", "add_bytes", "(bytes, bytes): bytes", (a: Uint8Array, b: Uint8Array) =>
    Uint8Array.from(Buffer.concat([a, b])),
  ),
  overload("_+_", "add_double", "(double, double): double", (a: number, b: number) => a + b),
  overload("_+_", "add_duration_duration", "(duration, duration): duration", (a: Duration, b: Duration) =>
    makeDuration(a.nanos + b.nanos),
  ),
  overload("_+_", "add_duration_timestamp", "(duration, timestamp): timestamp", (a: Duration, b: Timestamp) =>
    makeTimestamp(a.nanos + b.nanos, b.offsetMinutes),
  ),
  overload("_+_", "add_timestamp_duration", "(timestamp, duration): timestamp", (a: Timestamp, b: Duration) =>
    makeTimestamp(a.nanos + b.nanos, a.offsetMinutes),
  ),
  overload("_+_", "add_int64", "(int, int): int", (a: bigint, b: bigint) => checkInt(a + b)),
  overload("_+_", "add_list", "(list(A), list(A)): list(A)", addLists),
  overload("_+_", "add_string", "(string, string): string", (a: string, b: string) => a + b),
  overload("_+_", "add_uint64", "(uint, uint): uint", (a: Uint, b: Uint) => checkUint(a.value + b.value)),
  overload("_/_", "divide_double", "(double, double): double", (a: number, b: number) => a / b),
  overload("_/_", "divide_int64", "(int, int): int", (a: bigint, b: bigint) =>
    checkInt(a / divisor(b, "division by zero")),
  ),
  overload("_/_", "divide_uint64", "(uint, uint): uint", (a: Uint, b: Uint) =>
    checkUint(a.value / divisor(b.value, "division by zero")),
  ),
  overload("_%_", "modulo_int64", "(int, int): int", (a: bigint, b: bigint) => {
    if (a === minInt && b === -1n) throw new CelError("integer overflow");
    return a % divisor(b, "modulus by zero");
  }),
  overload("_%_", "modulo_uint64", "(uint, uint): uint", (a: Uint, b: Uint) =>
    checkUint(a.value % divisor(b.value, "modulus by zero")),
  ),
  overload("_*_", "multiply_double", "(double, double): double", (a: number, b: number) => a * b),
  overload("_*_", "multiply_int64", "(int, int): int", (a: bigint, b: bigint) => checkInt(a * b)),
  overload("_*_", "multiply_uint64", "(uint, uint): uint", (a: Uint, b: Uint) => checkUint(a.value * b.value)),
  overload("-_", "negate_double", "(double): double", (a: number) => -a),
  overload("-_", "negate_int64", "(int): int", (a: bigint) => checkInt(-a)),
  overload("_-_", "subtract_double", "(double, double): double", (a: number, b: number) => a - b),
  overload("_-_", "subtract_duration_duration", "(duration, duration): duration", (a: Duration, b: Duration) =>
    makeDuration(a.nanos - b.nanos),
  ),
  overload("_-_", "subtract_int64", "(int, int): int", (a: bigint, b: bigint) => checkInt(a - b)),
  overload("_-_", "subtract_timestamp_duration", "(timestamp, duration): timestamp", (a: Timestamp, b: Duration) =>
    makeTimestamp(a.nanos - b.nanos, a.offsetMinutes),
  ),
  overload("_-_", "subtract_timestamp_timestamp", "(timestamp, timestamp): duration", (a: Timestamp, b: Timestamp) =>
    makeDuration(a.nanos - b.nanos),
  ),
  overload("_-_", "subtract_uint64", "(uint, uint): uint", (a: Uint, b: Uint) => checkUint(a.value - b.value)),
];

/** Lists of sets and of maps from schemas merge; other lists go behind one another. */
function addLists(a: List, b: List): List {
  if (a.merge?.kind === "set") return addSets(a, b);
  if (a.merge?.kind === "map") return addMapLists(a, b, a.merge.keys);
  return new ConcatenatedList(a, b);
}

function addSets(a: List, b: List): List {
  const items = [...a];
  const keys = new Set(items.map(setKey));
  for (const value of b) {
    const key = setKey(value);
    if (key === undefined ? !contains(a, value) : !keys.has(key)) items.push(value);
  }
  return new ArrayList(items);
}

function addMapLists(a: List, b: List, keys: readonly string[]): List {
  const items = [...a];
  const places = new Map(items.map((item, i) => [elementKey(item, keys), i]));
  for (const value of b) {
    const place = places.get(elementKey(value, keys));
    if (place === undefined) items.push(value);
    else items[place] = value;
  }
  return new ArrayList(items);
}

const orderedTypes: readonly [type: string, id: string][] = [
  ["bool, bool", "bool"],
  ["int, int", "int64"],
  ["int, double", "int64_double"],
  ["int, uint", "int64_uint64"],
  ["uint, uint", "uint64"],
  ["uint, double", "uint64_double"],
  ["uint, int", "uint64_int64"],
  ["double, double", "double"],
  ["double, int", "double_int64"],
  ["double, uint", "double_uint64"],
  ["string, string", "string"],
  ["bytes, bytes", "bytes"],
  ["timestamp, timestamp", "timestamp"],
  ["duration, duration", "duration"],
];

function ordering(name: string, id: string, holds: (order: number) => boolean): Overload[] {
  return orderedTypes.map(([types, suffix]) =>
    overload(name, `${id}_${suffix}`, `(${types}): bool`, (a: CelValue, b: CelValue) => holds(compare(a, b))),
  );
}

const logic: Overload[] = [
  overload("_?_:_", "conditional", "(bool, A, A): A"),
  overload("_&&_", "logical_and", "(bool, bool): bool"),
  overload("_||_", "logical_or", "(bool, bool): bool"),
  overload("!_", "logical_not", "(bool): bool", (value: boolean) => !value),
  overload("@not_strictly_false", "not_strictly_false", "(bool): bool"),
  overload("_==_", "equals", "(A, A): bool", (a: CelValue, b: CelValue) => equals(a, b)),
  overload("_!=_", "not_equals", "(A, A): bool", (a: CelValue, b: CelValue) => !equals(a, b)),
];

const membership: Overload[] = [
  overload("_[_]", "index_list", "(list(A), int): A"),
  overload("_[_]", "index_map", "(map(A, B), A): B"),
  overload("_[_]", "optional_list_index_int", "(optional(list(V)), int): optional(V)"),
  overload("_[_]", "optional_map_index_value", "(optional(map(K, V)), K): optional(V)"),
  overload("_[?_]", "list_optindex_optional_int", "(list(V), int): optional(V)"),
  overload("_[?_]", "optional_list_optindex_optional_int", "(optional(list(V)), int): optional(V)"),
  overload("_[?_]", "map_optindex_optional_value", "(map(K, V), K): optional(V)"),
  overload("_[?_]", "optional_map_optindex_optional_value", "(optional(map(K, V)), K): optional(V)"),
  overload("@in", "in_list", "(A, list(A)): bool", (value: CelValue, list: List) => contains(list, value)),
  overload("@in", "in_map", "(A, map(A, B)): bool", (key: CelValue, map: MapValue) => map.find(key) !== undefined),
  overload("value", "optional_value", "optional(V).(): V", (optional: Optional) => {
    if (optional.value === undefined) throw new CelError("optional.none() dereference");
    return optional.value;
  }),
  overload(
    "hasValue",
    "optional_hasValue",
    "optional(V).(): bool",
    (optional: Optional) => optional.value !== undefined,
  ),
  overload("or", "optional_or_optional", "optional(V).(optional(V)): optional(V)"),
  overload("orValue", "optional_orValue_value", "optional(V).(V): V"),
];

export const operators: readonly Overload[] = [
  ...logic,
  ...arithmetic,
  ...ordering("_<_", "less", (order) => order < 0),
  ...ordering("_<=_", "less_equals", (order) => order <= 0),
  ...ordering("_>_", "greater", (order) => order > 0),
  ...ordering("_>=_", "greater_equals", (order) => order >= 0),
  ...membership,
];
