/**
 * Whether a value fits a schema, compiled to closures: what nearly every write needs to know. It says no more than yes or no; what is wrong with a
 * value is for `value-faults.ts` to find, which this must agree with.
 */

import { itemsOf, type JSONSchemaProps, valuesOf } from "@kubets/api/apiextensions";
import { isInteger } from "@kubets/apimachinery";
import { effectiveFormat, formatCheck } from "./formats.ts";
import { patternMatcher } from "./patterns.ts";
import { isObject, type JsonObject } from "./schema-node.ts";
import { faultsOf, runesOf } from "./value-faults.ts";

export type Check = (value: unknown) => boolean;

export function compileCheck(schema: JSONSchemaProps): Check {
  const any = nested(schema);
  const strings = stringCheck(schema);
  const numbers = numberCheck(schema);
  const lists = listCheck(schema);
  const objects = objectCheck(schema);
  const types = typeCheck(schema);
  const nulls = schema.type === undefined && !schema["x-kubernetes-int-or-string"] ? true : schema.nullable === true;
  const values = schema.enum === undefined || schema.enum.length === 0 ? undefined : new Set(schema.enum);
  return (value) => {
    if (value === null) return nulls && values === undefined;
    if (!types(value)) return false;
    if (values !== undefined && !values.has(value)) return false;
    if (any !== undefined && !any(value)) return false;
    switch (typeof value) {
      case "string":
        return strings === undefined || strings(value);
      case "number":
      case "bigint":
        return numbers === undefined || numbers(value);
      case "object":
        if (Array.isArray(value)) return lists === undefined || lists(value);
        return objects === undefined || objects(value as JsonObject);
      default:
        return true;
    }
  };
}

function typeCheck(schema: JSONSchemaProps): Check {
  if (schema["x-kubernetes-int-or-string"]) return (value) => typeof value === "string" || isInteger(value);
  switch (schema.type) {
    case "string":
      return (value) => typeof value === "string";
    case "boolean":
      return (value) => typeof value === "boolean";
    case "integer":
      return isInteger;
    case "number":
      return (value) => typeof value === "number" || typeof value === "bigint";
    case "array":
      return Array.isArray;
    case "object":
      return isObject;
    default:
      // Untyped, with a format: rare, and left to the long way.
      return schema.type === undefined && effectiveFormat(schema) === "" ? () => true : () => false;
  }
}

/** allOf, anyOf, oneOf, not. */
function nested({ allOf = [], anyOf = [], oneOf = [], not }: JSONSchemaProps): Check | undefined {
  const [all, some, one] = [allOf, anyOf, oneOf].map((schemas) => schemas.map(compileCheck)) as [
    Check[],
    Check[],
    Check[],
  ];
  // `no` from a check may mean that it is not sure: there the long way decides.
  const never = not === undefined ? undefined : (value: unknown) => faultsOf(value, not).length > 0;
  if (all.length + some.length + one.length === 0) return never;
  const certain = oneOf.map((schema) => (value: unknown) => faultsOf(value, schema).length === 0);
  return (value) => {
    for (const check of all) if (!check(value)) return false;
    if (some.length > 0 && !some.some((check) => check(value))) return false;
    if (certain.length > 0 && certain.filter((check) => check(value)).length !== 1) return false;
    return never === undefined || never(value);
  };
}

function stringCheck(schema: JSONSchemaProps): ((text: string) => boolean) | undefined {
  const { minLength, maxLength, pattern } = schema;
  const matches = pattern ? patternMatcher(pattern) : undefined;
  const format = formatCheck(effectiveFormat(schema));
  if (minLength === undefined && maxLength === undefined && matches === undefined && format === undefined)
    return undefined;
  return (text) => {
    if (maxLength !== undefined && text.length > maxLength && runesOf(text) > maxLength) return false;
    if (minLength !== undefined && runesOf(text) < minLength) return false;
    return (matches === undefined || matches(text)) && (format === undefined || format(text));
  };
}

function numberCheck(schema: JSONSchemaProps): ((value: number | bigint) => boolean) | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const format = effectiveFormat(schema);
  const [low, high] = format === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [-(2 ** 63), 2 ** 63];
  const integers = schema.type === "integer";
  const bounds = [minimum, maximum, multipleOf].filter((bound) => bound !== undefined);
  // Bounds that are no integers, for integers, and multiples: the long way has upstream's peculiarities.
  if (multipleOf !== undefined || !bounds.every((bound) => Number.isInteger(bound)) || format === "float") {
    return (value) => faultsOf(value, schema).length === 0;
  }
  if (minimum === undefined && maximum === undefined && !integers) return undefined;
  return (value) => {
    if (integers && (value < low || value > high)) return false;
    if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) return false;
    return maximum === undefined || (exclusiveMaximum ? value < maximum : value <= maximum);
  };
}

function listCheck(schema: JSONSchemaProps): ((list: readonly unknown[]) => boolean) | undefined {
  const { minItems, maxItems, uniqueItems } = schema;
  const items = itemsOf(schema);
  const each = items === undefined ? undefined : compileCheck(items);
  return (list) => {
    if (minItems !== undefined && list.length < minItems) return false;
    if (maxItems !== undefined && list.length > maxItems) return false;
    if (uniqueItems) return faultsOf(list, schema).length === 0;
    return each === undefined || list.every(each);
  };
}

function objectCheck(schema: JSONSchemaProps): ((object: JsonObject) => boolean) | undefined {
  const { minProperties, maxProperties, required = [] } = schema;
  const counted = minProperties !== undefined || maxProperties !== undefined;
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, compileCheck(part)]));
  const valueSchema = valuesOf(schema);
  const values = valueSchema === undefined ? undefined : compileCheck(valueSchema);
  const closed = schema.additionalProperties === false;
  return (object) => {
    for (const name of required) if (!Object.hasOwn(object, name)) return false;
    let count = 0;
    for (const key in object) {
      count++;
      const check = properties.get(key) ?? values;
      if (check === undefined) {
        if (closed) return false;
      } else if (!check(object[key])) return false;
    }
    if (!counted) return true;
    return count >= (minProperties ?? 0) && count <= (maxProperties ?? Number.POSITIVE_INFINITY);
  };
}
