/**
 * What is wrong with a value, in upstream's words and order. Only values that the compiled check does not take come here.
 * Source: kube-openapi's validation/validate and validation/errors, and apiextensions' apiserver/validation.
 */

import { itemsOf, type JSONSchemaProps, valuesOf } from "@kubets/api/apiextensions";
import {
  deepEqual,
  type FieldError,
  FieldPath,
  invalidValue,
  isInteger,
  notSupported,
  pushAll,
  required,
  tooLong,
  tooMany,
  writeJson,
} from "@kubets/apimachinery";
import type { Correlation } from "./correlation.ts";
import { effectiveFormat, formatCheck } from "./formats.ts";
import { patternFault, patternMatcher } from "./patterns.ts";
import { isObject, type JsonObject } from "./schema-node.ts";

/** Faults, and how many checks there were: of several alternatives the one with most is the closest. */
interface Result {
  readonly faults: Fault[];
  matches: number;
}

/** @param base what upstream calls fldPath: errors without a field of their own are its */
type Fault = (base: FieldPath | undefined) => FieldError;

/** The faults of `value`; parts that `correlation` knows to be unchanged have none. */
export function faultsOf(
  value: unknown,
  schema: JSONSchemaProps,
  base?: FieldPath,
  correlation?: Correlation,
): FieldError[] {
  return validate(value, schema, "", correlation).faults.map((fault) => fault(base));
}

/** Characters as Go counts them. */
export function runesOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function fieldOf(base: FieldPath | undefined, name: string): FieldPath {
  const below = name.replace(/^\./, "");
  if (below === "") return base ?? new FieldPath("<nil>");
  return base === undefined ? new FieldPath(below) : base.child(below);
}

/** An error about a field: `Invalid value: VALUE: TEXT`. */
function invalidAt(name: string, value: unknown, text: string): Fault {
  return (base) => invalidValue(fieldOf(base, name), value, text);
}

/** An error that upstream's validator makes without a field. */
function bare(text: string): Fault {
  return (base) => invalidValue(base ?? new FieldPath("<nil>"), "", text);
}

function wrongType(name: string, types: string, found: string): Fault {
  const text = `${name} in body must be of type ${types}: ${JSON.stringify(found)}`;
  return (base) => ({ ...invalidValue(fieldOf(base, name), found, text), type: "FieldValueTypeInvalid" });
}

function typeOf(value: unknown): "boolean" | "string" | "integer" | "number" | "array" | "object" {
  if (Array.isArray(value)) return "array";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as "boolean" | "string" | "object";
}

function merge(into: Result, from: Result): void {
  pushAll(into.faults, from.faults);
  into.matches += from.matches;
}

function validate(value: unknown, schema: JSONSchemaProps, path: string, correlation: Correlation | undefined): Result {
  const result: Result = { faults: [], matches: 0 };
  validateParts(value, schema, path, correlation, result);
  if (result.faults.length > 0 && correlation?.unchanged) return { faults: [], matches: result.matches };
  return result;
}

function validateParts(
  value: unknown,
  schema: JSONSchemaProps,
  path: string,
  correlation: Correlation | undefined,
  result: Result,
): void {
  const step = (faults: Fault[] | undefined, matches = 0): void => {
    if (faults !== undefined) pushAll(result.faults, faults);
    result.matches += 1 + matches;
  };
  const type = typeFaults(value, schema, path);
  if (value === null) {
    pushAll(result.faults, [...type, ...enumFaults(value, schema, path)]);
    result.matches++;
    return;
  }
  if (typesOf(schema).length > 0 || effectiveFormat(schema) !== "") step(type, type.length === 0 ? 1 : 0);
  merge(result, alternatives(value, schema, path, correlation));
  result.matches += 2;
  if (typeof value === "string") {
    step(stringFaults(value, schema, path));
    step(formatFaults(value, schema, path));
  } else if (typeof value === "number" || typeof value === "bigint") step(numberFaults(value, schema, path), 1);
  else if (Array.isArray(value)) merge(result, listResult(value, schema, path, correlation));
  step(enumFaults(value, schema, path));
  if (isObject(value)) merge(result, objectResult(value, schema, path, correlation));
  result.matches++;
}

function typesOf(schema: JSONSchemaProps): string[] {
  if (schema["x-kubernetes-int-or-string"]) return ["integer", "string"];
  return schema.type ? [schema.type] : [];
}

const formatOfType: Readonly<Record<string, string>> = { integer: "int64", number: "float64" };

function typeFaults(value: unknown, schema: JSONSchemaProps, path: string): Fault[] {
  const types = typesOf(schema);
  const format = effectiveFormat(schema);
  if (types.length === 0 && format === "") return [];
  const names = types.join(",");
  if (value === null) return types.length === 0 || schema.nullable ? [] : [wrongType(path, names, "null")];
  const found = typeOf(value);
  const fits = types.includes(found) || (found === "integer" && types.includes("number"));
  const textual = found === "string" || found === "array";
  const valueFormat = formatOfType[found] ?? "";
  if (!textual && format !== "" && !fits && format !== valueFormat) return [wrongType(path, format, valueFormat)];
  const numeric = types.includes("number") || types.includes("integer");
  // As upstream has it: a format lets any string or list pass, and has its own check of strings.
  if (!numeric && format !== "" && textual) return [];
  return fits ? [] : [wrongType(path, names, found)];
}

interface Choices {
  readonly scalars: ReadonlySet<unknown>;
  readonly structures: readonly unknown[];
  readonly shown: readonly string[];
}

/** An item of a list is compared with all of an enum, and there may be many of both. */
const choices = new WeakMap<readonly unknown[], Choices>();

function choicesOf(values: readonly unknown[]): Choices {
  let found = choices.get(values);
  if (found === undefined) {
    found = {
      scalars: new Set(values.filter((each) => typeof each !== "object")),
      structures: values.filter((each) => typeof each === "object" && each !== null),
      shown: values.map((each) => (typeof each === "string" ? each : writeJson(each))),
    };
    choices.set(values, found);
  }
  return found;
}

function enumFaults(value: unknown, { enum: values = [] }: JSONSchemaProps, path: string): Fault[] {
  if (values.length === 0) return [];
  const { scalars, structures, shown } = choicesOf(values);
  if (scalars.has(value) || structures.some((each) => deepEqual(each, value))) return [];
  return [(base) => notSupported(fieldOf(base, path), value === null ? "null" : value, shown)];
}

function stringFaults(text: string, schema: JSONSchemaProps, path: string): Fault[] {
  const { minLength, maxLength, pattern } = schema;
  if (maxLength !== undefined && runesOf(text) > maxLength) return [(base) => tooLong(fieldOf(base, path), maxLength)];
  if (minLength !== undefined && runesOf(text) < minLength) {
    return [invalidAt(path, text, `${path} in body should be at least ${minLength} chars long`)];
  }
  if (!pattern || patternMatcher(pattern)(text)) return [];
  const fault = patternFault(pattern);
  const shown = fault === undefined ? pattern : `${pattern}, but pattern is invalid: ${fault}`;
  return [invalidAt(path, text, `${path} in body should match '${shown}'`)];
}

function formatFaults(text: string, schema: JSONSchemaProps, path: string): Fault[] {
  const format = effectiveFormat(schema);
  const check = formatCheck(format);
  if (check === undefined || check(text)) return [];
  const why = `${path} in body must be of type ${format}: ${JSON.stringify(text)}`;
  return [(base) => ({ ...invalidValue(fieldOf(base, path), text, why), type: "FieldValueTypeInvalid" })];
}

function numberFaults(value: number | bigint, schema: JSONSchemaProps, path: string): Fault[] {
  const faults: Fault[] = rangeFaults(value, schema, path, "Checked");
  const { multipleOf, minimum, maximum } = schema;
  const checks = [
    [multipleOf, "MultipleOf", multipleFault],
    [minimum, "Minimum boundary", minimumFault],
    [maximum, "Maximum boundary", maximumFault],
  ] as const;
  for (const [bound, name, check] of checks) {
    if (bound === undefined) continue;
    const range = rangeFaults(bound, schema, path, name);
    // For an integer the bound is one too; a bound that is out of the type's range is compared as it is.
    const asInteger = isInteger(value) && range.length === 0;
    const fault = check(value, asInteger ? Math.trunc(bound) : bound, schema, path);
    pushAll(faults, [...range, ...(fault === undefined ? [] : [fault])]);
  }
  return faults;
}

/** A number that its type and format cannot hold. */
function rangeFaults(value: number | bigint, schema: JSONSchemaProps, path: string, what: string): Fault[] {
  const types = typesOf(schema);
  const type = types.length === 1 ? types[0]! : "";
  const format = type === "integer" || type === "number" ? effectiveFormat(schema) : "";
  if (type === "integer") {
    const limit = format === "int32" ? 2 ** 31 : 2 ** 63;
    if (isInteger(value) && value >= -limit && value < limit) return [];
  } else if (format !== "float" || Math.abs(Number(value)) <= 3.4028234663852886e38) return [];
  const shown = format === "" ? " (default format)" : ` with format ${format}`;
  return [bare(`${what} value must be of type ${type}${shown} in ${path}`)];
}

function multipleFault(
  value: number | bigint,
  factor: number,
  _schema: JSONSchemaProps,
  path: string,
): Fault | undefined {
  if (factor <= 0) return invalidAt(path, factor, `factor MultipleOf declared for ${path} must be positive: ${factor}`);
  if (typeof value === "bigint" && Number.isInteger(factor)) {
    if (value % BigInt(factor) === 0n) return undefined;
    return invalidAt(path, value, `${path} in body should be a multiple of ${factor}`);
  }
  const quotient = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor;
  if (isJsonInteger(quotient)) return undefined;
  return invalidAt(path, value, `${path} in body should be a multiple of ${factor}`);
}

/** Within the error of floating point, as go-openapi's swag. */
function isJsonInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  const nearest = Math.trunc(value);
  const difference = Math.abs(value - nearest);
  if (difference === 0) return true;
  if (nearest === 0) return difference < 1e-9 * Number.MIN_VALUE;
  return difference / (Math.abs(value) + Math.abs(nearest)) < 1e-9;
}

function minimumFault(
  value: number | bigint,
  minimum: number,
  schema: JSONSchemaProps,
  path: string,
): Fault | undefined {
  if (schema.exclusiveMinimum ? value > minimum : value >= minimum) return undefined;
  const than = schema.exclusiveMinimum ? "greater than" : "greater than or equal to";
  return invalidAt(path, value, `${path} in body should be ${than} ${minimum}`);
}

function maximumFault(
  value: number | bigint,
  maximum: number,
  schema: JSONSchemaProps,
  path: string,
): Fault | undefined {
  if (schema.exclusiveMaximum ? value < maximum : value <= maximum) return undefined;
  const than = schema.exclusiveMaximum ? "less than" : "less than or equal to";
  return invalidAt(path, value, `${path} in body should be ${than} ${maximum}`);
}

function listResult(
  list: readonly unknown[],
  schema: JSONSchemaProps,
  path: string,
  correlation: Correlation | undefined,
): Result {
  const result: Result = { faults: [], matches: 2 };
  const items = itemsOf(schema);
  const { minItems, maxItems } = schema;
  for (const [i, item] of items === undefined ? [] : list.entries()) {
    merge(result, validate(item, items!, `${path}[${i}]`, correlation?.index(i)));
  }
  if (minItems !== undefined && list.length < minItems) {
    result.faults.push(invalidAt(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) {
    result.faults.push((base) => tooMany(fieldOf(base, path), list.length, maxItems));
  }
  if (schema.uniqueItems && hasDuplicates(list)) {
    result.faults.push(invalidAt(path, "", `${path} in body shouldn't contain duplicates`));
  }
  return result;
}

function hasDuplicates(list: readonly unknown[]): boolean {
  const seen = new Set(list.map((item) => (typeof item === "object" ? writeJson(item) : `${typeof item} ${item}`)));
  return seen.size < list.length;
}

function objectResult(
  object: JsonObject,
  schema: JSONSchemaProps,
  path: string,
  correlation: Correlation | undefined,
): Result {
  const result: Result = { faults: [], matches: 1 };
  const { minProperties, maxProperties, properties = {}, additionalProperties } = schema;
  const count = Object.keys(object).length;
  if (minProperties !== undefined && count < minProperties) {
    result.faults.push(invalidAt(path, count, `${path} in body should have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && count > maxProperties) {
    result.faults.push((base) => tooMany(fieldOf(base, path), count, maxProperties));
  }
  const values = valuesOf(schema);
  for (const [key, value] of Object.entries(object)) {
    if (Object.hasOwn(properties, key)) continue;
    if (additionalProperties === false) {
      result.faults.push(invalidAt(path, key, `${path}.${key} in body is a forbidden property`));
    } else if (values !== undefined) merge(result, validate(value, values, `${path}.${key}`, correlation?.key(key)));
  }
  for (const [name, property] of Object.entries(properties)) {
    if (!Object.hasOwn(object, name)) continue;
    // Both old and new were made the same version: a change of these two cannot be seen.
    const known = path === "" && (name === "kind" || name === "apiVersion") ? undefined : correlation?.key(name);
    merge(result, validate(object[name], property, path === "" ? name : `${path}.${name}`, known));
  }
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(object, name)) result.faults.push((base) => required(fieldOf(base, `${path}.${name}`)));
  }
  return result;
}

function alternatives(
  value: unknown,
  { allOf = [], anyOf = [], oneOf = [], not }: JSONSchemaProps,
  path: string,
  correlation: Correlation | undefined,
): Result {
  const result: Result = { faults: [], matches: 1 };
  const results = (schemas: readonly JSONSchemaProps[]) =>
    schemas.map((schema) => {
      const each: Result = { faults: [], matches: 0 };
      // Its parts may be unchanged, but not itself: that is for the schema around it to say.
      validateParts(value, schema, path, correlation, each);
      return each;
    });
  if (anyOf.length > 0) {
    const all = results(anyOf);
    const success = all.find(({ faults }) => faults.length === 0);
    if (success === undefined) {
      result.faults.push(bare(`${JSON.stringify(path)} must validate at least one schema (anyOf)`));
      merge(result, closest(all));
    } else result.matches += success.matches;
  }
  if (oneOf.length > 0) oneOfResult(results(oneOf), path, result);
  if (allOf.length > 0) {
    const all = results(allOf);
    for (const each of all) merge(result, each);
    const valid = all.filter(({ faults }) => faults.length === 0).length;
    if (valid < all.length) {
      const none = valid === 0 ? ". None validated" : "";
      result.faults.push(bare(`${JSON.stringify(path)} must validate all the schemas (allOf)${none}`));
    }
  }
  if (not !== undefined && results([not])[0]!.faults.length === 0) {
    result.faults.push(bare(`${JSON.stringify(path)} must not validate the schema (not)`));
  }
  return result;
}

function oneOfResult(all: readonly Result[], path: string, result: Result): void {
  const valid = all.filter(({ faults }) => faults.length === 0);
  if (valid.length === 1) {
    result.matches += valid[0]!.matches;
    return;
  }
  const found = valid.length === 0 ? "Found none valid" : `Found ${valid.length} valid alternatives`;
  result.faults.push(bare(`${JSON.stringify(path)} must validate one and only one schema (oneOf). ${found}`));
  if (valid.length === 0) merge(result, closest(all));
}

function closest(all: readonly Result[]): Result {
  return all.reduce((best, each) => (each.matches > best.matches ? each : best));
}
