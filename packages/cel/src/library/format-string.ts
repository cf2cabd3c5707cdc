/** `'%d of %s'.format([1, 'a'])`. Source: cel-go's ext/formatting.go (strings extension version 2, English). */

import { CelError, isAbsorbable } from "../cel-error.ts";
import { type CelValue, List, MapValue, TypeValue, typeOf, Uint } from "../value.ts";
import { boundText, work } from "../work.ts";
import { describe, toText } from "./text.ts";

const defaultPrecision = 6;
/** Upstream's version 2 has none; more digits than a double can have are memory for nothing. */
const maxPrecision = 1000;

const clause = /%(?:(%)|(?:\.(\d*))?(.)?)/gsu;

/** @throws CelError for clauses that do not fit their arguments */
export function formatString(format: string, args: List): string {
  let next = 0;
  let size = 0;
  return format.replaceAll(clause, (_, percent: string | undefined, precision: string | undefined, verb?: string) => {
    if (percent !== undefined) return "%";
    if (verb === undefined) throw wrong("unexpected end of string");
    if (next >= args.size) throw new CelError(`index ${next} out of range`);
    const text = formatClause(verb, precision === undefined ? undefined : parsePrecision(precision), args.at(next++));
    size += text.length;
    boundText(size);
    return text;
  });
}

function wrong(what: string): CelError {
  return new CelError(`could not parse formatting clause: ${what}`);
}

function parsePrecision(text: string): number {
  const precision = text === "" ? 0 : Number(text);
  if (precision > maxPrecision) throw wrong(`error while parsing precision: precision is too large: ${text}`);
  return precision;
}

function formatClause(verb: string, precision: number | undefined, value: CelValue): string {
  try {
    return formatValue(verb, precision ?? defaultPrecision, value);
  } catch (error) {
    if (!isAbsorbable(error)) throw error;
    throw new CelError(`error during formatting: ${error.message}`);
  }
}

function formatValue(verb: string, precision: number, value: CelValue): string {
  const type = typeOf(value).name;
  switch (verb) {
    case "s":
      return formatText(value);
    case "d":
      if (typeof value === "bigint" || value instanceof Uint) return toText(value);
      throw new CelError(`decimal clause can only be used on integers, was given ${type}`);
    case "f":
      return formatFixed(doubleFor("fixed-point", value, type), precision);
    case "e":
      return formatScientific(doubleFor("scientific", value, type), precision);
    case "b":
      if (typeof value === "boolean") return value ? "1" : "0";
      return inBase(value, 2, `only integers and bools can be formatted as binary, was given ${type}`);
    case "o":
      return inBase(value, 8, `octal clause can only be used on integers, was given ${type}`);
    case "x":
      return formatHex(value, type);
    case "X":
      return formatHex(value, type).toUpperCase();
    default:
      throw wrong(`unrecognized formatting clause "${verb}"`);
  }
}

function doubleFor(kind: string, value: CelValue, type: string): number {
  if (typeof value === "number") return value;
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  throw new CelError(`${kind} clause can only be used on doubles, was given ${type}`);
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? "∞" : "-∞";
}

/** English groups digits by thousands. */
function formatFixed(value: number, precision: number): string {
  const text = special(value);
  if (text !== undefined) return text;
  const [whole = "", fraction] = exactFixed(value, precision).split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** toFixed for any precision and size. */
function exactFixed(value: number, precision: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(Math.min(precision, 100)) + "0".repeat(Math.max(0, precision - 100));
  const whole = BigInt(value).toString();
  return precision === 0 ? whole : `${whole}.${"0".repeat(precision)}`;
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function formatScientific(value: number, precision: number): string {
  const text = special(value);
  if (text !== undefined) return text;
  const [mantissa = "", exponentText = "0"] = value.toExponential(Math.min(precision, 100)).split("e");
  const exponent = Number(exponentText);
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  const raised = [...digits].map((digit) => superscripts[Number(digit)]).join("");
  const zeros = "0".repeat(Math.max(0, precision - 100));
  return `${mantissa}${zeros}×10${exponent < 0 ? "⁻" : ""}${raised}`;
}

function inBase(value: CelValue, base: number, otherwise: string): string {
  const integer = value instanceof Uint ? value.value : value;
  if (typeof integer !== "bigint") throw new CelError(otherwise);
  return integer.toString(base);
}

function formatHex(value: CelValue, type: string): string {
  if (typeof value === "string") return Buffer.from(value, "utf8").toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return inBase(value, 16, `only integers, byte buffers, and strings can be formatted as hex, was given ${type}`);
}

function formatText(value: CelValue): string {
  if (value === null) return "null";
  if (value instanceof List) return `[${[...value].map(formatInner).join(", ")}]`;
  if (value instanceof MapValue) return formatMap(value);
  if (typeof value === "object" && !isPlain(value)) {
    const what = "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps";
    throw new CelError(`string clause can only be used on ${what}, was given ${typeOf(value).name}`);
  }
  return toText(value);
}

function isPlain(value: CelValue): boolean {
  const { kind } = typeOf(value);
  return kind !== "opaque" && kind !== "optional" && kind !== "dyn";
}

function formatMap(map: MapValue): string {
  const entries: [key: string, value: string][] = [];
  for (const key of map.keys()) {
    const value = map.find(key);
    if (value === undefined) throw new CelError(`could not find key: ${describe(key)}`);
    if (!["string", "boolean", "bigint"].includes(typeof key) && !(key instanceof Uint))
      throw new CelError(`no formatting function for map key of type ${typeOf(key).name}`);
    entries.push([formatInner(key), formatInner(value)]);
  }
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, value]) => `${key}:${value}`).join(", ")}}`;
}

/** Inside a list or map texts are quoted and doubles have six digits. */
function formatInner(value: CelValue): string {
  work(typeof value === "string" ? 1 + value.length / 10 : 1);
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) return `b${JSON.stringify(toText(value))}`;
  if (value instanceof TypeValue) return `type(${value.type.name})`;
  if (typeof value !== "number") return formatText(value);
  if (Number.isFinite(value)) return exactFixed(value, defaultPrecision);
  return JSON.stringify(Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
}
