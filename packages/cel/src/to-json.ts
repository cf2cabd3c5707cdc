/** Values as JSON: what a mutation puts into an object. */

import { integerOf } from "@kubets/apimachinery";
import { CelError } from "./cel-error.ts";
import { unescapeName } from "./escape.ts";
import { JsonObject } from "./json-value.ts";
import { toText } from "./library/text.ts";
import { formatType } from "./types.ts";
import { type CelValue, Duration, List, MapValue, ObjectValue, Timestamp, typeOf, Uint } from "./value.ts";
import { work } from "./work.ts";

/** Plain, new JSON. @throws CelError for values that JSON does not have */
export function toJson(value: CelValue): unknown {
  work(1);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint" || value instanceof Uint) return exactNumber(value);
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new CelError(`cannot represent ${value} in JSON`);
  }
  if (value instanceof List) return [...value].map(toJson);
  if (value instanceof MapValue) return mapToJson(value);
  if (value instanceof Timestamp || value instanceof Duration) return toText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  throw new CelError(`type conversion error from '${formatType(typeOf(value))}' to 'google.protobuf.Value'`);
}

/** A number, or the bigint that an integer needs to be exact. */
function exactNumber(value: bigint | Uint): number | bigint {
  const integer = typeof value === "bigint" ? value : value.value;
  return integerOf(integer) ?? Number(integer);
}

function mapToJson(map: MapValue): Record<string, unknown> {
  const named = map instanceof ObjectValue || map instanceof JsonObject;
  const result: Record<string, unknown> = {};
  for (const key of map.keys()) {
    if (typeof key !== "string") throw new CelError("only maps with keys that are strings can be JSON");
    const name = named ? (unescapeName(key) ?? key) : key;
    // Defined, not assigned: "__proto__" is a name like any other.
    const entry = { value: toJson(map.find(key) ?? null), enumerable: true, configurable: true, writable: true };
    Object.defineProperty(result, name, entry);
  }
  return result;
}

/**
 * Whether each object was made as the type of the field it is in: `Object{spec: Object.metadata{}}` was not.
 * @returns upstream's complaint, or undefined
 */
export function misnamedObject(value: CelValue, path = "Object"): string | undefined {
  if (value instanceof List) {
    for (const element of value) {
      const wrong = misnamedObject(element, path);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  if (!(value instanceof MapValue)) return undefined;
  const isObject = value instanceof ObjectValue;
  if (isObject && value.type.name !== path)
    return `unexpected type name "${value.type.name}", expected "${path}", which matches field name path from root Object type`;
  for (const key of value.keys()) {
    const inner = isObject ? `${path}.${String(key)}` : path;
    const wrong = misnamedObject(value.find(key) ?? null, inner);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
