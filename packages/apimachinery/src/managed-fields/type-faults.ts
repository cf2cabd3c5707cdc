/** What of a value is not of its schema's types, as a server-side apply is told. Words: structured-merge-diff's typed/validate.go, with values as Go prints them. */

import type { Json } from "../object.ts";
import { resolveSchema, type Schema, type SchemaSet } from "../schema.ts";
import { formatFieldPath } from "./field-set.ts";
import { isMap, itemElement, type ListType, MergeTypeError, mergeTypeOf } from "./merge-type.ts";

/** `.data.a: expected string, got ...`, one for each fault; null is of every type. Fields that the schema does not have are passed over. */
export function typeFaults(value: Json, schema: Schema, set: SchemaSet): string[] {
  const faults: string[] = [];
  visit(value, schema, set, [], faults);
  return faults;
}

function visit(value: Json, given: Schema, set: SchemaSet, path: readonly string[], faults: string[]): void {
  const schema = resolveSchema(given, set);
  if (value === null) return;
  const fault = faultOf(value, schema);
  if (fault !== undefined) return void faults.push(`${formatFieldPath(path)}: ${fault}`);
  if (Array.isArray(value)) {
    if (schema.items !== undefined) visitItems(value, given, schema.items, set, path, faults);
  } else if (isMap(value)) {
    const { properties = {}, additionalProperties } = schema;
    const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
    for (const [key, child] of Object.entries(value)) {
      const type = Object.hasOwn(properties, key) ? properties[key] : others;
      if (type !== undefined) visit(child, type, set, [...path, `f:${key}`], faults);
    }
  }
}

function visitItems(
  list: readonly Json[],
  schema: Schema,
  items: Schema,
  set: SchemaSet,
  path: readonly string[],
  faults: string[],
): void {
  const type = mergeTypeOf(schema, set);
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    try {
      const element = type.kind === "list" ? itemOf(item, type) : `i:${index}`;
      if (seen.has(element))
        return void faults.push(`${formatFieldPath(path)}: duplicate entries for key ${formatFieldPath([element])}`);
      seen.add(element);
      visit(item, items, set, [...path, element], faults);
    } catch (error) {
      if (!(error instanceof MergeTypeError)) throw error;
      // Where an item has no key, what is below it has no path.
      return void faults.push(`${formatFieldPath(path)}: element ${index}: ${error.message}`);
    }
  }
}

function itemOf(item: Json, type: ListType): string {
  if (type.keys === undefined && isMap(item))
    throw new MergeTypeError("associative list without keys has an element that's a map type");
  return itemElement(item, type);
}

function faultOf(value: Json, schema: Schema): string | undefined {
  const isScalar = !Array.isArray(value) && !isMap(value);
  if (schema["x-kubernetes-int-or-string"] || isPrintedFreely(schema))
    return isScalar ? undefined : `expected any scalar, got &{${plain(value)}}`;
  switch (schema.type) {
    case "object":
      return isMap(value) ? undefined : `expected map, got &{${plain(value)}}`;
    case "array":
      return Array.isArray(value) ? undefined : `expected list, got &{${plain(value)}}`;
    case "string":
      return typeof value === "string"
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case "boolean":
      return typeof value === "boolean" ? undefined : `expected boolean, got &{${plain(value)}}`;
    case "integer":
    case "number":
      return isNumber(value) ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    default:
      return undefined;
  }
}

/** Times are strings that upstream's schema calls scalars of any type. */
function isPrintedFreely({ type, format }: Schema): boolean {
  return type === "string" && format === "date-time";
}

function isNumber(value: Json): boolean {
  return typeof value === "number" || typeof value === "bigint";
}

/** Go's %v. */
function plain(value: Json): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(plain).join(" ")}]`;
  if (!isMap(value)) return String(value);
  const entries = Object.keys(value).sort();
  return `map[${entries.map((key) => `${key}:${plain(value[key]!)}`).join(" ")}]`;
}

/** Go's %#v. */
function goSyntax(value: Json): string {
  if (value === null) return "interface {}(nil)";
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`;
  if (!isMap(value)) return typeof value === "string" ? JSON.stringify(value) : String(value);
  const entries = Object.keys(value).sort();
  return `map[string]interface {}{${entries.map((key) => `${JSON.stringify(key)}:${goSyntax(value[key]!)}`).join(", ")}}`;
}

/** Go's %T. */
function goType(value: Json): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isMap(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}
