/** Values as text, as cel-go writes them. */

import { CelError } from "../cel-error.ts";
import { formatDurationSeconds, formatTimestamp } from "../time.ts";
import { formatType } from "../types.ts";
import { type CelValue, Duration, List, MapValue, Optional, Timestamp, TypeValue, typeOf, Uint } from "../value.ts";
import { work } from "../work.ts";

/** Go's `%g` with the fewest digits. */
function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return plain(value, exponent);
  const sign = exponent < 0 ? "-" : "+";
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function plain(value: number, exponent: number): string {
  const digits = value.toExponential().split("e")[0]!.replace(/[-.]/g, "").length;
  return value.toFixed(Math.max(0, digits - 1 - exponent));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** `string(x)`. @throws CelError for values that have no text */
export function toText(value: CelValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") return formatDouble(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return formatTimestamp(value.nanos, value.offsetMinutes);
  if (value instanceof Duration) return formatDurationSeconds(value.nanos);
  if (value instanceof TypeValue) return value.type.name;
  if (value instanceof Uint8Array) {
    try {
      return utf8.decode(value);
    } catch {
      throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
    }
  }
  throw new CelError(`type conversion error from '${formatType(typeOf(value))}' to 'string'`);
}

/** A value in a message: what Go's `%v` makes of it. */
export function describe(value: CelValue): string {
  work(1);
  if (value === null) return "null";
  if (value instanceof List) return `[${[...value].map(describe).join(", ")}]`;
  if (value instanceof MapValue) {
    return `{${[...value.keys()].map((key) => `${describe(key)}: ${describe(value.find(key) ?? null)}`).join(", ")}}`;
  }
  if (value instanceof Optional)
    return value.value === undefined ? "optional.none()" : `optional(${describe(value.value)})`;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  try {
    return toText(value);
  } catch (error) {
    if (error instanceof CelError) return typeOf(value).name;
    throw error;
  }
}
