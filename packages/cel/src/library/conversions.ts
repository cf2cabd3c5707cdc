/** `int(x)`, `string(x)` and the like, `size`, `type`, `dyn`. Source: cel-go's common/types. */

import { CelError } from "../cel-error.ts";
import { parseGoDuration, parseTimestamp, second } from "../time.ts";
import { formatType } from "../types.ts";
import {
  type CelValue,
  Duration,
  type List,
  type MapValue,
  type Timestamp,
  TypeValue,
  typeOf,
  Uint,
} from "../value.ts";
import { checkInt, checkUint, makeTimestamp } from "./operators.ts";
import { type Overload, overload } from "./overload.ts";
import { textSize } from "./strings.ts";
import { toText } from "./text.ts";

function noConversion(value: CelValue, to: string): CelError {
  return new CelError(`type conversion error from '${formatType(typeOf(value))}' to '${to}'`);
}

function doubleToInt(value: number): bigint {
  if (!Number.isFinite(value) || value <= -(2 ** 63) || value >= 2 ** 63) throw new CelError("integer overflow");
  return BigInt(Math.trunc(value));
}

function doubleToUint(value: number): Uint {
  if (!Number.isFinite(value) || value < 0 || value >= 2 ** 64) throw new CelError("unsigned integer overflow");
  return new Uint(BigInt(Math.trunc(value)));
}

function textToInt(text: string): bigint {
  const value = /^[+-]?\d{1,30}$/.test(text) ? BigInt(text.replace(/^\+/, "")) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw noConversion(text, "int");
  return value;
}

function textToUint(text: string): Uint {
  const value = /^\d{1,30}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || BigInt.asUintN(64, value) !== value) throw noConversion(text, "uint");
  return new Uint(value);
}

const specialDoubles = new Map([
  ["inf", Infinity],
  ["infinity", Infinity],
  ["nan", Number.NaN],
]);

function textToDouble(text: string): number {
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) {
    const value = Number(text);
    if (Number.isFinite(value)) return value;
  }
  const special = specialDoubles.get(text.replace(/^[+-]/, "").toLowerCase());
  if (special === undefined) throw noConversion(text, "double");
  return text.startsWith("-") ? -special : special;
}

function textToBool(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw noConversion(text, "bool");
}

function textToDuration(text: string): Duration {
  const nanos = parseGoDuration(text);
  if (nanos === undefined) throw noConversion(text, "google.protobuf.Duration");
  return new Duration(nanos);
}

function textToTimestamp(text: string): Timestamp {
  const parsed = parseTimestamp(text);
  if (parsed === undefined) throw noConversion(text, "google.protobuf.Timestamp");
  return makeTimestamp(parsed.nanos, parsed.offsetMinutes);
}

function floorSeconds(nanos: bigint): bigint {
  const quotient = nanos / second;
  return nanos % second < 0n ? quotient - 1n : quotient;
}

const same = <T extends CelValue>(value: T): T => value;

const sizes: Overload[] = (
  [
    ["bytes", (value: Uint8Array) => BigInt(value.length)],
    ["list(A)", (value: List) => BigInt(value.size)],
    ["map(A, B)", (value: MapValue) => BigInt(value.size)],
    ["string", (value: string) => BigInt(textSize(value))],
  ] as const
).flatMap(([type, apply]) => {
  const name = /^\w+/.exec(type)![0];
  return [
    overload("size", `size_${name}`, `(${type}): int`, apply),
    overload("size", `${name}_size`, `${type}.(): int`, apply),
  ];
});

export const conversions: readonly Overload[] = [
  ...sizes,
  overload("type", "type", "(A): type(A)", (value: CelValue) => new TypeValue(typeOf(value))),
  overload("dyn", "to_dyn", "(A): dyn", same),
  overload("bool", "bool_to_bool", "(bool): bool", same),
  overload("bool", "string_to_bool", "(string): bool", textToBool),
  overload("bytes", "bytes_to_bytes", "(bytes): bytes", same),
  overload("bytes", "string_to_bytes", "(string): bytes", (text: string) => Uint8Array.from(Buffer.from(text, "utf8"))),
  overload("double", "double_to_double", "(double): double", same),
  overload("double", "int64_to_double", "(int): double", (value: bigint) => Number(value)),
  overload("double", "string_to_double", "(string): double", textToDouble),
  overload("double", "uint64_to_double", "(uint): double", (value: Uint) => Number(value.value)),
  overload("duration", "duration_to_duration", "(duration): duration", same),
  overload("duration", "string_to_duration", "(string): duration", textToDuration),
  overload("int", "int64_to_int64", "(int): int", same),
  overload("int", "double_to_int64", "(double): int", doubleToInt),
  overload("int", "duration_to_int64", "(duration): int", (value: Duration) => value.nanos),
  overload("int", "string_to_int64", "(string): int", textToInt),
  overload("int", "timestamp_to_int64", "(timestamp): int", (value: Timestamp) => floorSeconds(value.nanos)),
  overload("int", "uint64_to_int64", "(uint): int", (value: Uint) => checkInt(value.value)),
  overload("string", "string_to_string", "(string): string", same),
  ...(
    [
      ["bool", "bool"],
      ["bytes", "bytes"],
      ["double", "double"],
      ["duration", "duration"],
      ["int", "int64"],
      ["timestamp", "timestamp"],
      ["uint", "uint64"],
    ] as const
  ).map(([type, id]) => overload("string", `${id}_to_string`, `(${type}): string`, toText)),
  overload("timestamp", "timestamp_to_timestamp", "(timestamp): timestamp", same),
  overload("timestamp", "int64_to_timestamp", "(int): timestamp", (value: bigint) => makeTimestamp(value * second)),
  overload("timestamp", "string_to_timestamp", "(string): timestamp", textToTimestamp),
  overload("uint", "uint64_to_uint64", "(uint): uint", same),
  overload("uint", "double_to_uint64", "(double): uint", doubleToUint),
  overload("uint", "int64_to_uint64", "(int): uint", checkUint),
  overload("uint", "string_to_uint64", "(string): uint", textToUint),
];
