/** Fields, elements and keys of values. Source: cel-go's interpreter/attributes.go. */

import { CelError } from "../cel-error.ts";
import { describe } from "../library/text.ts";
import { type CelValue, List, MapValue, Optional, Uint } from "../value.ts";

/** `a.b`, where `a` may be optional, and then so is the field. */
export function select(value: CelValue, field: string): CelValue {
  if (value instanceof MapValue) {
    const found = value.field(field);
    if (found === undefined) throw new CelError(`no such key: ${field}`);
    return found;
  }
  if (value instanceof Optional) return selectOptional(value, field);
  if (value instanceof List) throw new CelError(`unsupported index type: string`);
  throw new CelError(`no such key: ${field}`);
}

/** `a.?b`. */
export function selectOptional(value: CelValue, field: string): Optional {
  const target = value instanceof Optional ? value.value : value;
  if (!(target instanceof MapValue)) return Optional.none;
  const found = target.field(field);
  return found === undefined ? Optional.none : new Optional(found);
}

/** `has(a.b)`. */
export function hasField(value: CelValue, field: string): boolean {
  const target = value instanceof Optional ? value.value : value;
  if (target === undefined) return false;
  if (target instanceof MapValue) return target.field(field) !== undefined;
  throw new CelError(`no such key: ${field}`);
}

/** `a[b]`. */
export function index(value: CelValue, key: CelValue): CelValue {
  if (value instanceof Optional) return indexOptional(value, key);
  if (value instanceof MapValue) {
    const found = value.find(key);
    if (found === undefined) throw new CelError(`no such key: ${describe(key)}`);
    return found;
  }
  if (!(value instanceof List)) throw new CelError("no such overload");
  const place = position(key);
  if (place < 0 || place >= value.size) throw new CelError(`index out of bounds: ${place}`);
  return value.at(place);
}

/** `a[?b]`. */
export function indexOptional(value: CelValue, key: CelValue): Optional {
  const target = value instanceof Optional ? value.value : value;
  if (target instanceof MapValue) {
    const found = target.find(key);
    return found === undefined ? Optional.none : new Optional(found);
  }
  if (!(target instanceof List)) return Optional.none;
  const place = position(key);
  return place < 0 || place >= target.size ? Optional.none : new Optional(target.at(place));
}

function position(key: CelValue): number {
  const number = key instanceof Uint ? key.value : key;
  if (typeof number === "bigint") return Number(number);
  if (typeof number === "number" && Number.isInteger(number)) return number;
  throw new CelError(`unsupported index type '${describe(key)}' in list`);
}
