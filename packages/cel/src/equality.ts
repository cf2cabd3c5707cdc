/** Which values are the same, and which comes first. Source: cel-go's common/types and k8s.io/apiserver/pkg/cel/common. */

import { deepEqual } from "@kubets/apimachinery";
import { CelError } from "./cel-error.ts";
import { sameType } from "./check/unify.ts";
import { JsonObject } from "./json-value.ts";
import { minTimestamp } from "./time.ts";
import { type CelValue, Duration, hashKey, List, MapValue, Optional, Timestamp, TypeValue, Uint } from "./value.ts";
import { work } from "./work.ts";

/** Numbers are equal across their types; a NaN equals nothing; values of different kinds are not equal. */
export function equals(a: CelValue, b: CelValue): boolean {
  work(1);
  if (a === b) return true;
  if (a === null || b === null) return false;
  switch (typeof a) {
    case "string":
    case "boolean":
      return false;
    case "bigint":
    case "number":
      return numericEquals(a, b);
  }
  if (a instanceof Uint) return numericEquals(a.value, b);
  if (a instanceof List) return b instanceof List && listEquals(a, b);
  if (a instanceof MapValue) return b instanceof MapValue && mapEquals(a, b);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof TypeValue) return b instanceof TypeValue && sameTypeValue(a, b);
  if (a instanceof Optional) return b instanceof Optional && optionalEquals(a, b);
  return a.equals(b);
}

function sameTypeValue(a: TypeValue, b: TypeValue): boolean {
  if (a.type.kind !== b.type.kind) return false;
  return a.type.kind === "object" || a.type.kind === "opaque" ? sameType(a.type, b.type) : true;
}

function optionalEquals(a: Optional, b: Optional): boolean {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equals(a.value, b.value);
}

function numericEquals(a: bigint | number, b: CelValue): boolean {
  const other = b instanceof Uint ? b.value : b;
  if (typeof other !== "bigint" && typeof other !== "number") return false;
  // biome-ignore lint/suspicious/noDoubleEquals: JavaScript compares a bigint with a number by value, exactly
  return a == other;
}

function listEquals(a: List, b: List): boolean {
  if (a.size !== b.size) return false;
  const merge = a.merge ?? b.merge;
  if (merge?.kind === "set") return everyElementIn(a, b) && everyElementIn(b, a);
  if (merge?.kind === "map") return mapListEquals(a, b, merge.keys);
  for (let i = 0; i < a.size; i++) if (!equals(a.at(i), b.at(i))) return false;
  return true;
}

function everyElementIn(a: List, b: List): boolean {
  const keys = new Set<unknown>();
  for (const element of b) keys.add(setKey(element));
  for (const element of a) {
    const key = setKey(element);
    if (key === undefined ? !contains(b, element) : !keys.has(key)) return false;
  }
  return true;
}

/** What a scalar is found by in a set; undefined for anything else. */
export function setKey(value: CelValue): unknown {
  return typeof value !== "object" || value instanceof Uint ? hashKey(value) : undefined;
}

/** The values of a list-map's element at its keys, as text. */
export function elementKey(element: CelValue, keys: readonly string[]): string {
  if (!(element instanceof MapValue))
    throw new CelError("unexpected data format for element of array with x-kubernetes-list-type=map");
  return keys
    .map((key) => element.field(key))
    .map((value) => (value === undefined ? "?" : `${typeof value}:${JSON.stringify(String(setKey(value)))}`))
    .join(",");
}

function mapListEquals(a: List, b: List, keys: readonly string[]): boolean {
  const byKey = new Map<string, CelValue>();
  for (const element of a) byKey.set(elementKey(element, keys), element);
  const seen = new Set<string>();
  for (const element of b) {
    const key = elementKey(element, keys);
    const mine = byKey.get(key);
    if (mine === undefined || !equals(mine, element)) return false;
    seen.add(key);
  }
  return seen.size === byKey.size;
}

/** Fields without a declaration are only compared, where both have them. */
function unknownFieldsEqual(a: JsonObject, b: JsonObject): boolean {
  for (const name of a.unknownFields()) {
    if (Object.hasOwn(b.raw, name) && !deepEqual(a.raw[name], b.raw[name])) return false;
  }
  return true;
}

function mapEquals(a: MapValue, b: MapValue): boolean {
  if (a.size !== b.size) return false;
  if (a instanceof JsonObject && b instanceof JsonObject && !unknownFieldsEqual(a, b)) return false;
  if ("raw" in a && "raw" in b && a.raw === b.raw) return true;
  for (const key of a.keys()) {
    const mine = a.find(key);
    const other = b.find(key);
    if (mine === undefined || other === undefined) {
      if (mine !== other) return false;
    } else if (!equals(mine, other)) return false;
  }
  return true;
}

export function contains(list: List, value: CelValue): boolean {
  for (let i = 0; i < list.size; i++) if (equals(list.at(i), value)) return true;
  return false;
}

/**
 * Negative, zero or positive; numbers across their types.
 * @throws CelError `no such overload` for values that have no order between them
 */
export function compare(a: CelValue, b: CelValue): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanos, b.nanos);
  if (a instanceof Duration && b instanceof Duration) return order(a.nanos, b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left === undefined || right === undefined) throw new CelError("no such overload");
  if (Number.isNaN(left) || Number.isNaN(right)) throw new CelError("NaN values cannot be ordered");
  return order(left, right);
}

function order(a: bigint | number, b: bigint | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}

const surrogate = /[\ud800-\udfff]/;

/** By code point, as bytes of UTF-8 would be. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** An empty value of its type: what `optional.ofNonZeroValue` leaves out. */
export function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof List || value instanceof MapValue) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Optional) return value.value === undefined;
  return value instanceof Timestamp && value.nanos === minTimestamp;
}
