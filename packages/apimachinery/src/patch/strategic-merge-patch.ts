/**
 * Strategic merge patch: a merge patch whose lists merge by key where the schema says so. Directives (`$patch`, `$retainKeys`,
 * `$setElementOrder/x`, `$deleteFromPrimitiveList/x`), order of the result and texts of errors: apimachinery's util/strategicpatch.
 */

import { deepEqual } from "../equality.ts";
import { type Json, put } from "../object.ts";
import { resolveSchema, type Schema, type SchemaSet } from "../schema.ts";
import { orderLists } from "./list-order.ts";
import { PatchError } from "./patch-error.ts";

type JsonObject = { [key: string]: Json };

const directive = "$patch";
const retainKeys = "$retainKeys";
const deleteFromPrimitiveList = "$deleteFromPrimitiveList";
const setElementOrder = "$setElementOrder";

/** The document with the patch applied. Changes neither; shares what it can. @throws PatchError */
export function applyStrategicMergePatch(document: Json, patch: Json, schema: Schema, set: SchemaSet): Json {
  if (!isObject(document) || !isObject(patch)) throw new PatchError(400, "invalid JSON document");
  return new Merger(set).mergeMap(document, patch, resolveSchema(schema, set));
}

interface FieldRule {
  /** The field's own schema, or its elements'. */
  readonly schema: Schema;
  readonly strategy: string;
  readonly mergeKey: string;
}

class Merger {
  readonly #set: SchemaSet;

  constructor(set: SchemaSet) {
    this.#set = set;
  }

  mergeMap(original: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
    if (Object.hasOwn(patch, directive)) return replaceOrDelete(patch);
    const result = retained(original, patch);
    const ordered = this.#mergeOrdered(result, patch, schema);
    for (const [key, value] of Object.entries(patch)) {
      if (key === retainKeys || key.startsWith(`${setElementOrder}/`) || ordered.has(key)) continue;
      if (key.startsWith(deleteFromPrimitiveList)) deletePrimitives(result, key, value);
      else this.#mergeField(result, key, value, schema);
    }
    return result;
  }

  #mergeField(result: JsonObject, key: string, value: Json, schema: Schema): void {
    if (value === null) {
      delete result[key];
      return;
    }
    const current = Object.hasOwn(result, key) ? result[key] : undefined;
    if (isObject(current) && isObject(value)) {
      const rule = this.#rule(schema, key, false);
      put(result, key, rule.strategy === "replace" ? value : this.mergeMap(current, value, rule.schema));
    } else if (Array.isArray(current) && Array.isArray(value)) {
      const rule = this.#rule(schema, key, true);
      put(result, key, rule.strategy === "merge" ? this.#mergeList(current, value, rule) : value);
    } else {
      const kept = withoutDirectives(withoutNulls(value));
      if (kept === undefined) delete result[key];
      else put(result, key, kept);
    }
  }

  /** Lists that come with `$setElementOrder`: merged, then put in that order. Returns the fields it has done. */
  #mergeOrdered(result: JsonObject, patch: JsonObject, schema: Schema): Set<string> {
    const done = new Set<string>();
    for (const [name, order] of Object.entries(patch)) {
      if (!name.startsWith(setElementOrder)) continue;
      const key = listName(name, setElementOrder);
      if (!Array.isArray(order)) throw badType("[]interface {}", order);
      const current = Object.hasOwn(result, key) ? result[key] : undefined;
      const patched = Object.hasOwn(patch, key) ? patch[key] : undefined;
      if (current !== undefined && !Array.isArray(current)) throw badType("[]interface {}", current);
      if (patched !== undefined && !Array.isArray(patched)) throw badType("[]interface {}", patched);
      const rule = this.#rule(schema, key, true);
      checkOrder(patched ?? [], order, rule.mergeKey);
      const merged = this.#mergeWithOrder(current, patched, rule);
      if (patched !== undefined) done.add(key);
      if (merged === undefined) continue;
      put(result, key, orderLists(merged, order, current ?? [], rule.mergeKey));
    }
    return done;
  }

  #mergeWithOrder(current: Json[] | undefined, patched: Json[] | undefined, rule: FieldRule): Json[] | undefined {
    if (patched === undefined) return current;
    if (current === undefined) return withoutDirectives(patched) as Json[] | undefined;
    return rule.strategy === "merge" ? this.#mergeList(current, patched, rule) : patched;
  }

  #mergeList(current: Json[], patch: Json[], rule: FieldRule): Json[] {
    if (current.length === 0 && patch.length === 0) return current;
    const objects = checkElements(current, patch);
    if (!objects) return orderLists([...new Set([...current, ...patch])], patch, current, "");
    const { mergeKey } = rule;
    if (mergeKey === "") {
      throw new PatchError(500, `cannot merge lists without merge key for ${rule.schema.type ?? "Struct"}`);
    }
    const { base, additions } = applyListDirectives(current as JsonObject[], patch as JsonObject[], mergeKey);
    const merged = [...base];
    const positions = new Map<Json, number>();
    for (const [i, item] of merged.entries()) {
      const value = item[mergeKey];
      if (value !== undefined && !positions.has(value)) positions.set(value, i);
    }
    for (const item of additions) {
      const value = requireKey(item, mergeKey);
      const at = positions.get(value);
      if (at !== undefined) merged[at] = this.mergeMap(merged[at]!, item, rule.schema);
      else positions.set(value, merged.push(withoutDirectives(item) as JsonObject) - 1);
    }
    return orderLists(merged, additions, base, mergeKey);
  }

  #rule(schema: Schema, key: string, list: boolean): FieldRule {
    const property = schema.properties?.[key] ?? additional(schema);
    if (property === undefined) return { schema: {}, strategy: "", mergeKey: "" };
    const resolved = resolveSchema(property, this.#set);
    const strategies = property["x-kubernetes-patch-strategy"] ?? resolved["x-kubernetes-patch-strategy"] ?? "";
    return {
      schema: list && resolved.items !== undefined ? resolveSchema(resolved.items, this.#set) : resolved,
      strategy: strategies.split(",").find((s) => s !== "retainKeys") ?? "",
      mergeKey: property["x-kubernetes-patch-merge-key"] ?? resolved["x-kubernetes-patch-merge-key"] ?? "",
    };
  }
}

function additional(schema: Schema): Schema | undefined {
  return typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function replaceOrDelete(patch: JsonObject): JsonObject {
  const { [directive]: how, ...rest } = patch;
  if (how === "replace") return rest;
  if (how === "delete") return {};
  throw new PatchError(500, `unknown patch type: ${goText(how)} in map: ${goText(patch)}`);
}

/** The original, without what `$retainKeys` does not name. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, retainKeys)) return { ...original };
  const keys = patch[retainKeys];
  const wrong = () => new PatchError(422, "invalid patch format of retainKeys");
  if (!Array.isArray(keys)) throw wrong();
  const keep = new Set<Json>(keys);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith("$")) continue;
    if (!keep.has(key)) throw wrong();
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keep.has(key)));
}

function listName(key: string, prefix: string): string {
  const slash = key.indexOf("/");
  if (slash === prefix.length) return key.slice(slash + 1);
  const what = prefix === setElementOrder ? "setElementOrder list" : "primitive list";
  throw new PatchError(422, `invalid patch format of ${what}`);
}

function deletePrimitives(result: JsonObject, directiveKey: string, values: Json): void {
  const key = listName(directiveKey, deleteFromPrimitiveList);
  const current = Object.hasOwn(result, key) ? result[key] : undefined;
  if (!Array.isArray(current) || !Array.isArray(values)) return;
  const remove = new Set<Json>(values);
  put(
    result,
    key,
    current.filter((item) => !remove.has(item)),
  );
}

/** The elements a patch gives must come in the order it declares. */
function checkOrder(patch: readonly Json[], order: readonly Json[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const wanted = patch.filter((item) => !(mergeKey !== "" && isObject(item) && Object.hasOwn(item, directive)));
  let at = 0;
  for (const entry of order) {
    if (at === wanted.length) return;
    if (sameElement(wanted[at]!, entry, mergeKey)) at++;
  }
  if (at < wanted.length) {
    throw new PatchError(
      500,
      `The order in patch list:\n${goText(patch)}\n doesn't match ${setElementOrder} list:\n${goText(order)}\n`,
    );
  }
}

function sameElement(a: Json, b: Json, mergeKey: string): boolean {
  if (mergeKey === "") return a === b;
  if (!isObject(a) || !isObject(b)) throw badType("map[string]interface {}", isObject(a) ? b : a);
  return requireKey(a, mergeKey) === requireKey(b, mergeKey);
}

function requireKey(item: JsonObject, mergeKey: string): Json {
  const value = Object.hasOwn(item, mergeKey) ? item[mergeKey] : undefined;
  if (value === undefined) {
    throw new PatchError(500, `map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return value;
}

/** True for lists of objects, false for lists of scalars. */
function checkElements(current: readonly Json[], patch: readonly Json[]): boolean {
  const all = [...current, ...patch];
  const objects = isObject(all[0]);
  for (const item of all) {
    if (Array.isArray(item)) throw new PatchError(422, "lists of lists are not supported");
    if (isObject(item) !== objects) throw badType(objects ? "map[string]interface {}" : goType(all[0]), item);
  }
  return objects;
}

/** `$patch: delete` removes an element, `$patch: replace` anywhere makes the patch the whole list. */
function applyListDirectives(
  current: readonly JsonObject[],
  patch: readonly JsonObject[],
  mergeKey: string,
): { base: JsonObject[]; additions: JsonObject[] } {
  const removed: Json[] = [];
  let replace = false;
  const additions: JsonObject[] = [];
  for (const item of patch) {
    const how = Object.hasOwn(item, directive) ? item[directive] : undefined;
    if (how === undefined) additions.push(item);
    else if (how === "replace") replace = true;
    else if (how === "delete") {
      removed.push(requireKey(item, mergeKey));
    } else if (how === "merge") {
      throw new PatchError(500, "merging lists cannot yet be specified in the patch");
    } else {
      throw new PatchError(500, `unknown patch type: ${goText(how)} in map: ${goText(item)}`);
    }
  }
  if (replace) return { base: additions, additions: [] };
  return { base: removed.length === 0 ? [...current] : withoutElements(current, removed, mergeKey), additions };
}

/** In one pass: a patch may remove as many as a body holds. */
function withoutElements(current: readonly JsonObject[], removed: readonly Json[], mergeKey: string): JsonObject[] {
  const scalars = new Set<Json | undefined>(removed);
  const objects = removed.filter((value) => typeof value === "object");
  return current.filter(
    ({ [mergeKey]: value }) => !scalars.has(value) && !objects.some((each) => deepEqual(value, each)),
  );
}

/** Removes fields that are null, at any depth: they would delete what is not there. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([key, child]) => [key, withoutNulls(child)]));
}

/** What is said to the merge and is no field. */
function isDirective(key: string): boolean {
  return key === retainKeys || key.startsWith(setElementOrder) || key.startsWith(deleteFromPrimitiveList);
}

/** Removes directives, and objects that carry `$patch`, at any depth; undefined when this is one. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const fields = Object.entries(value).filter(([key]) => !isDirective(key));
  const entries = fields.map(([key, child]) => [key, withoutDirectives(child)] as const);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined)) as JsonObject;
}

function goType(value: Json | undefined): string {
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return "string";
}

function badType(expected: string, actual: Json | undefined): PatchError {
  return new PatchError(500, `expected a ${expected}, but received a ${goType(actual)}`);
}

/** Go's %v of a JSON value. */
function goText(value: Json | readonly Json[] | undefined): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, child]) => `${key}:${goText(child)}`).join(" ")}]`;
}
