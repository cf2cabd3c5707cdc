/** JSON as values: views of it, made when they are looked at. Nothing is copied. */

import { CelError } from "./cel-error.ts";
import { escapeName, findField } from "./escape.ts";
import { parseDurationFormat, parseTimestamp } from "./time.ts";
import { dynType, listType, type Type } from "./types.ts";
import { type CelValue, Duration, List, MapValue, Opaque, Optional, Timestamp, TypeValue, Uint } from "./value.ts";

type Json = Readonly<Record<string, unknown>>;

/** A JSON array, and what its type says of its elements. */
class JsonList extends List {
  readonly raw: readonly unknown[];
  readonly #type: Type;

  constructor(raw: readonly unknown[], type: Type) {
    super();
    this.raw = raw;
    this.#type = type;
  }

  get size(): number {
    return this.raw.length;
  }

  override get merge(): Type["merge"] {
    return this.#type.merge;
  }

  at(index: number): CelValue {
    return adapt(this.#type.parameters[0] ?? dynType, this.raw[index]);
  }
}

/** A JSON object of any keys: `additionalProperties`, or data without a schema. */
class JsonMap extends MapValue {
  readonly raw: Json;
  readonly #value: Type;
  #size = -1;

  constructor(raw: Json, value: Type) {
    super();
    this.raw = raw;
    this.#value = value;
  }

  get size(): number {
    if (this.#size < 0) this.#size = Object.keys(this.raw).length;
    return this.#size;
  }

  find(key: CelValue): CelValue | undefined {
    return typeof key === "string" ? this.field(key) : undefined;
  }

  override field(name: string): CelValue | undefined {
    if (!Object.hasOwn(this.raw, name)) return undefined;
    const value = this.raw[name];
    return value === undefined ? undefined : adapt(this.#value, value);
  }

  keys(): Iterable<CelValue> {
    return Object.keys(this.raw);
  }
}

/** A JSON object with declared fields. A field that is null is absent, as upstream has it. */
export class JsonObject extends MapValue {
  readonly raw: Json;
  readonly #type: Type;

  constructor(raw: Json, type: Type) {
    super();
    this.raw = raw;
    this.#type = type;
  }

  override get type(): Type {
    return this.#type;
  }

  get size(): number {
    return Object.keys(this.raw).length;
  }

  find(key: CelValue): CelValue | undefined {
    return typeof key === "string" ? this.field(key) : undefined;
  }

  override field(name: string): CelValue | undefined {
    const field = findField(this.#type.fields?.(), name);
    if (field === undefined || !Object.hasOwn(this.raw, field.jsonName)) return undefined;
    const value = this.raw[field.jsonName];
    return value === undefined || value === null ? undefined : adapt(field.type, value);
  }

  /** What is in the data and not in the schema. */
  unknownFields(): string[] {
    const fields = this.#type.fields?.();
    const known = (name: string): boolean => {
      const escaped = escapeName(name);
      return escaped !== undefined && fields?.has(escaped) === true;
    };
    return Object.keys(this.raw).filter((name) => !known(name));
  }

  *keys(): Iterable<CelValue> {
    for (const [name, { jsonName }] of this.#type.fields?.() ?? []) {
      if (Object.hasOwn(this.raw, jsonName) && this.raw[jsonName] !== undefined) yield name;
    }
  }
}

function isValueClass(raw: object): raw is Exclude<CelValue, null | boolean | bigint | number | string> {
  return (
    raw instanceof MapValue ||
    raw instanceof List ||
    raw instanceof Opaque ||
    raw instanceof Optional ||
    raw instanceof Timestamp ||
    raw instanceof Duration ||
    raw instanceof Uint ||
    raw instanceof TypeValue ||
    raw instanceof Uint8Array
  );
}

/**
 * JSON as a value of a type; a value as it is.
 * @throws CelError for JSON that is not of that type
 */
export function adapt(type: Type, raw: unknown): CelValue {
  if (raw === null || raw === undefined) return adaptNull(type);
  if (typeof raw === "object" && isValueClass(raw)) return raw;
  switch (type.kind) {
    case "string":
      if (typeof raw === "string") return raw;
      throw new CelError(`invalid data, expected string, got ${goType(raw)}`);
    case "int":
      return adaptInt(raw);
    case "bool":
      if (typeof raw === "boolean") return raw;
      throw new CelError(`invalid data, expected bool, got ${goType(raw)}`);
    case "double":
      if (typeof raw === "number") return raw;
      if (typeof raw === "bigint") return Number(raw);
      throw new CelError(`invalid data, expected float, got ${goType(raw)}`);
    case "list":
      if (Array.isArray(raw)) return new JsonList(raw, type);
      throw new CelError("invalid data, expected an array for the provided schema with type=array");
    case "map":
    case "object":
      if (typeof raw !== "object" || Array.isArray(raw))
        throw new CelError("invalid data, expected a map for the provided schema with type=object");
      if (type.kind === "object") return new JsonObject(raw as Json, type);
      return new JsonMap(raw as Json, type.parameters[1] ?? dynType);
    case "timestamp":
    case "duration":
    case "bytes":
      return adaptText(type, raw);
    case "optional":
      return new Optional(adapt(type.parameters[0] ?? dynType, raw));
    default:
      return adaptDyn(raw, type);
  }
}

function adaptNull(type: Type): CelValue {
  if (type.kind === "optional") return Optional.none;
  if (type.nullable === false) throw new CelError("invalid data, got null for schema with nullable=false");
  return null;
}

function adaptText(type: Type, raw: unknown): CelValue {
  if (typeof raw !== "string") throw new CelError(`invalid data, expected string, got ${goType(raw)}`);
  if (type.kind === "bytes") return Uint8Array.from(Buffer.from(raw, "base64"));
  if (type.kind === "duration") {
    const nanos = parseDurationFormat(raw);
    if (nanos === undefined) throw new CelError(`Invalid duration ${raw}: unable to parse ${raw} as duration`);
    return new Duration(nanos);
  }
  const time = parseTimestamp(type.format === "date" ? `${raw}T00:00:00Z` : raw);
  if (time !== undefined) return new Timestamp(time.nanos, time.offsetMinutes);
  const format = type.format === "date" ? "date" : "date-time";
  throw new CelError(`Invalid ${format} formatted string ${raw}: unable to parse`);
}

function adaptInt(raw: unknown): bigint {
  if (typeof raw === "bigint") return raw;
  if (typeof raw === "number" && Number.isInteger(raw)) {
    const value = integer(raw);
    if (value !== undefined) return value;
  }
  throw new CelError(`invalid data, expected int, got ${goType(raw)}`);
}

const limit = 2 ** 63;

/** A number of JSON as an int64; undefined for one that has more bits, which is a double. */
function integer(raw: number): bigint | undefined {
  return raw >= -limit && raw < limit ? BigInt(raw) : undefined;
}

function adaptDyn(raw: unknown, type: Type): CelValue {
  if (type.format === "int-or-string" && typeof raw !== "string" && typeof raw !== "bigint" && !Number.isInteger(raw))
    throw new CelError("invalid data, expected XIntOrString value to be either a string or integer");
  switch (typeof raw) {
    case "string":
    case "boolean":
    case "bigint":
      return raw;
    case "number":
      return Number.isInteger(raw) ? (integer(raw) ?? raw) : raw;
    case "object":
      if (Array.isArray(raw)) return new JsonList(raw, listType(dynType));
      return new JsonMap(raw as Json, dynType);
    default:
      throw new CelError(`unsupported type: ${typeof raw}`);
  }
}

/** What Go calls the type of decoded JSON. */
function goType(raw: unknown): string {
  if (Array.isArray(raw)) return "[]interface {}";
  if (typeof raw === "bigint") return "int64";
  if (typeof raw === "number") return Number.isInteger(raw) ? "int64" : "float64";
  if (typeof raw === "boolean") return "bool";
  return typeof raw === "object" ? "map[string]interface {}" : typeof raw;
}
