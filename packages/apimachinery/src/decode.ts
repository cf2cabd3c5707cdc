/**
 * From a body's JSON to an object of a schema: unknown fields are dropped and reported, types are checked and worded as Go's decoder
 * words them, null removes a field, times and quantities take their canonical form. One walk; what needs no change is shared.
 */

import { type ObjectPlan, type Plan, planFor, type ScalarPlan } from "./decode-plan.ts";
import { messageOf } from "./error-message.ts";
import { type Json, put } from "./object.ts";
import { malformedQuantity, parseQuantity } from "./quantity.ts";
import type { Schema, SchemaSet } from "./schema.ts";
import type { WrittenNumber } from "./written-numbers.ts";

export interface DecodeOptions {
  /**
   * True for custom resources: types are for their schema's validation to check, null stays, values keep the form they came in.
   * Only pruning is done.
   */
  readonly pruneOnly?: boolean;
  /** Of the body: where one is not the integer that it seems to be, or a quantity; then the value is changed in place. */
  readonly numbers?: readonly WrittenNumber[];
}

/** A decoded body, and what had no place in it. */
export interface Decoded<T = Json> {
  readonly value: T;
  /** `unknown field "spec.foo"`, one for each field that was dropped; at most 100. */
  readonly unknownFields: readonly string[];
}

/** A body that does not fit its kind. The message is Go's: `json: cannot unmarshal string into Go struct field ...`. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

const maxReported = 100;

/** @throws DecodeError at the first value of a wrong type */
export function decodeObject<T = Json>(
  value: Json,
  schema: Schema,
  set: SchemaSet,
  options: DecodeOptions = {},
): Decoded<T> {
  const plan = planFor(schema, set);
  const walk = new Walk(options.pruneOnly === true);
  if (options.numbers !== undefined) for (const number of options.numbers) walk.number(value, plan, number);
  return { value: walk.decode(value, plan, "") as T, unknownFields: walk.unknownFields };
}

/** A step from the root: a field of a struct, a key of a map, or an index. */
interface Step {
  readonly name: string;
  readonly index: number;
  readonly struct: string;
}

class Walk {
  readonly unknownFields: string[] = [];
  readonly #pruneOnly: boolean;
  readonly #path: Step[] = [];

  constructor(pruneOnly: boolean) {
    this.#pruneOnly = pruneOnly;
  }

  /** The decoded value; undefined for a field to be left out. `struct` and `name` say what field this is, for errors. */
  decode(value: Json, plan: Plan, struct: string, name = ""): Json | undefined {
    if (value === null) return plan.nullable || plan.type === "any" || this.#pruneOnly ? null : undefined;
    if (plan.type === "object") {
      if (typeof value === "object" && !Array.isArray(value)) return this.#object(value, plan);
      return this.#mismatch(value, plan, struct, name);
    }
    if (plan.type === "list") {
      if (Array.isArray(value)) return this.#list(value, plan.items);
      return this.#mismatch(value, plan, struct, name);
    }
    if (plan.type === "any" || this.#pruneOnly) return value;
    return decodeScalar(value, plan) ?? this.#mismatch(value, plan, struct, name);
  }

  /** What has another number there, or another type, is left to {@link decode}. */
  number(value: Json, plan: Plan, { path, text }: WrittenNumber): void {
    let holder: Json = value;
    let current: Plan | undefined = plan;
    let struct = "";
    let name = "";
    for (const [i, given] of path.entries()) {
      const isLast = i === path.length - 1;
      // A JSON patch's word for the end of a list.
      const step: string | number = given === "-" && Array.isArray(holder) ? holder.length - 1 : given;
      if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, step)) break;
      if (current?.type === "object" && !Array.isArray(holder)) {
        struct = current.isMap ? "" : current.struct;
        name = String(step);
        if (!isLast) this.#path.push({ name, index: -1, struct: current.isMap ? "" : current.struct || "?" });
        current = current.field(name);
      } else if (current?.type === "list" && Array.isArray(holder)) {
        struct = "";
        current = current.items;
      } else break;
      const child: Json = (holder as Record<string | number, Json>)[step]!;
      if (!isLast) holder = child;
      else if (child === Number(text))
        this.#written(holder as Record<string | number, Json>, step, text, current, [struct, name]);
    }
    this.#path.length = 0;
  }

  #written(
    holder: Record<string | number, Json>,
    step: string | number,
    text: string,
    plan: Plan | undefined,
    [struct, name]: [struct: string, name: string],
  ): void {
    switch (plan?.type) {
      case "int32":
      case "int64":
      case "int-or-string":
        this.#mismatch(holder[step]!, plan, struct, name, text);
        return;
      case "quantity":
        holder[step] = text;
    }
  }

  #object(value: { [key: string]: Json }, plan: ObjectPlan): Json {
    let copy: { [key: string]: Json } | undefined;
    let dropped: Set<string> | undefined;
    for (const key in value) {
      const child = value[key] as Json;
      const next = this.#field(key, child, plan);
      if (next === child) continue;
      if (next === undefined) {
        dropped ??= new Set();
        dropped.add(key);
      } else {
        copy ??= { ...value };
        copy[key] = next;
      }
    }
    return dropped === undefined ? (copy ?? value) : without(copy ?? value, dropped);
  }

  #field(key: string, child: Json, plan: ObjectPlan): Json | undefined {
    const field = plan.field(key);
    if (field === undefined) {
      if (plan.preserveUnknown) return child;
      this.#reportUnknown(key);
      return undefined;
    }
    const struct = plan.isMap ? "" : plan.struct;
    if (child === null && plan.isMap && !this.#pruneOnly) return field.nullable ? null : zeroOf(field);
    if (typeof child !== "object") return this.decode(child, field, struct, key);
    this.#path.push({ name: key, index: -1, struct: plan.isMap ? "" : plan.struct || "?" });
    const decoded = this.decode(child, field, "", "");
    this.#path.pop();
    return decoded;
  }

  #list(value: Json[], items: Plan): Json {
    let copy: Json[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const child = value[i]!;
      let next: Json | undefined;
      if (child === null && !items.nullable && !this.#pruneOnly) next = zeroOf(items);
      else if (typeof child === "object") {
        this.#path.push({ name: "", index: i, struct: "" });
        next = this.decode(child, items, "");
        this.#path.pop();
      } else next = this.decode(child, items, "");
      if (next === child) continue;
      copy ??= [...value];
      copy[i] = next ?? null;
    }
    return copy ?? value;
  }

  #reportUnknown(key: string): void {
    if (this.unknownFields.length >= maxReported) return;
    let path = "";
    for (const { name, index } of this.#path) path += index >= 0 ? `[${index}]` : path === "" ? name : `.${name}`;
    this.unknownFields.push(`unknown field "${path === "" ? key : `${path}.${key}`}"`);
  }

  /** Go names the innermost struct and the fields on the way to it; map keys and indices it leaves out. */
  #mismatch(value: Json, plan: Plan, struct: string, name: string, text?: string): Json {
    if (this.#pruneOnly) return value;
    // Which has a decoder of its own.
    if (plan.type === "quantity") throw new DecodeError(malformedQuantity);
    const fields = this.#path.filter((step) => step.struct !== "");
    const inner = struct === "" ? (fields.at(-1)?.struct ?? "") : struct;
    const names = fields.map((step) => step.name).concat(struct === "" ? [] : [name]);
    const target = names.length === 0 ? "value" : `struct field ${inner}.${names.join(".")}`;
    throw new DecodeError(
      `json: cannot unmarshal ${goKind(value, plan, text)} into Go ${target} of type ${scalarOf(plan)}`,
    );
  }
}

/** Made anew: an object that something was deleted from is slow for good. */
function without(value: { [key: string]: Json }, dropped: ReadonlySet<string>): Json {
  const rest: { [key: string]: Json } = {};
  for (const key in value) if (!dropped.has(key)) put(rest, key, value[key]!);
  return rest;
}

/** @param text of a number, as it was written */
function goKind(value: Json, { type }: Plan, text: string | undefined): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value !== "number" && typeof value !== "bigint") return typeof value;
  return type === "int32" || type === "int64" || type === "int-or-string" ? `number ${text ?? value}` : "number";
}

/** What a Go type's own decoder takes the value for. */
function scalarOf({ type, goType }: Plan): string {
  if (type === "int-or-string") return "int32";
  return type === "time" || type === "micro-time" ? "string" : goType;
}

/** What Go has for null where a value cannot be absent: an element of a list or a map. */
function zeroOf(plan: Plan): Json {
  switch (plan.type) {
    case "object":
      return {};
    case "list":
    case "any":
    case "time":
    case "micro-time":
      return null;
    case "int32":
    case "int64":
    case "number":
    case "int-or-string":
      return 0;
    case "boolean":
      return false;
    case "quantity":
      return "0";
    default:
      return "";
  }
}

/** Undefined when the value is of another type. @throws DecodeError when it is of the type and malformed */
function decodeScalar(value: Json, plan: ScalarPlan): Json | undefined {
  switch (plan.type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "number":
      return typeof value === "bigint" ? Number(value) : typeof value === "number" ? value : undefined;
    case "int32":
      return typeof value === "number" && (value | 0) === value ? value : undefined;
    case "int64":
      return Number.isSafeInteger(value) || typeof value === "bigint" ? value : undefined;
    case "int-or-string":
      return typeof value === "string" || (typeof value === "number" && (value | 0) === value) ? value : undefined;
    case "quantity":
      return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
        ? decodeQuantity(value)
        : undefined;
    case "byte":
      return typeof value === "string" ? decodeBase64(value) : undefined;
    case "time":
      return typeof value === "string" ? decodeTime(value, false) : undefined;
    case "micro-time":
      return typeof value === "string" ? decodeTime(value, true) : undefined;
    case "any":
      return value;
  }
}

function decodeQuantity(value: string | number | bigint): string {
  try {
    return parseQuantity(typeof value === "string" ? value.trim() : value).toString();
  } catch (error) {
    throw new DecodeError(messageOf(error), { cause: error });
  }
}

/** The text without line breaks, which Go ignores; otherwise it must be canonical base64. */
function decodeBase64(text: string): string {
  const bad = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length;
  if (bad === text.length && text.length % 4 === 0) return text;
  const stripped = text.replace(/[\r\n]/g, "");
  const firstBad = /[^A-Za-z0-9+/]/.exec(stripped)?.index ?? stripped.length;
  const padding = stripped.slice(firstBad);
  const wanted = ["", undefined, "==", "="][firstBad % 4];
  if (padding === wanted) return stripped;
  const at = padding === "" || padding.startsWith("=") ? stripped.length : firstBad;
  throw new DecodeError(`illegal base64 data at input byte ${at}`);
}

const canonicalTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const canonicalMicroTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const rfc3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

function decodeTime(text: string, micro: boolean): string {
  const match = rfc3339.exec(text);
  const epoch = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}${match[4]}`);
  if (match === null || Number.isNaN(epoch)) {
    const layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
    throw new DecodeError(`parsing time ${JSON.stringify(text)} as "${layout}": ${timeFault(text)}`);
  }
  if ((micro ? canonicalMicroTime : canonicalTime).test(text)) return text;
  const seconds = new Date(epoch).toISOString().slice(0, 19);
  return micro ? `${seconds}.${(match[3] ?? "").slice(0, 6).padEnd(6, "0")}Z` : `${seconds}Z`;
}

/** Which part of the layout a text fails, as Go's time.Parse says it. */
function timeFault(text: string): string {
  const layout: [RegExp, string][] = [
    [/^\d{4}/, "2006"],
    [/^-/, "-"],
    [/^\d\d/, "01"],
    [/^-/, "-"],
    [/^\d\d/, "02"],
    [/^T/, "T"],
    [/^\d\d/, "15"],
    [/^:/, ":"],
    [/^\d\d/, "04"],
    [/^:/, ":"],
    [/^\d\d(?:[.,]\d+)?/, "05"],
    [/^(?:Z|[+-]\d\d:\d\d)/, "Z07:00"],
  ];
  let rest = text;
  for (const [pattern, part] of layout) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) return `cannot parse ${JSON.stringify(rest)} as "${part}"`;
    rest = rest.slice(found.length);
  }
  return rest === "" ? "out of range" : `extra text: ${JSON.stringify(rest)}`;
}
