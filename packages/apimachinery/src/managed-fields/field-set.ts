/**
 * Sets of field paths, as `managedFields` holds them. A path is made of elements in FieldsV1's own spelling: `f:name` a field,
 * `k:{"name":"web"}` a list item by its keys, `v:"x"` by its value, `i:0` by its index.
 * Source: structured-merge-diff's fieldpath. A set is never changed once it is built; every operation gives a new one that shares parts.
 */

import { parseJson, writeJson } from "../exact-json.ts";
import { type Json, put } from "../object.ts";

/** A path element and what is below it. The root stands for the whole object and is never a member. */
export interface FieldSet {
  /** The path that ends here is in the set. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

/** No field at all. */
export const emptyFieldSet: FieldSet = { member: false, children: noChildren };
/** A path that is a member, with nothing below. */
export const leafFieldSet: FieldSet = { member: true, children: noChildren };

/** Nobody owns anything by it. */
export function isEmptyFieldSet(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

function combine(member: boolean, children: Map<string, FieldSet>): FieldSet {
  if (children.size > 0) return { member, children };
  return member ? leafFieldSet : emptyFieldSet;
}

/** What is in either; shares what is only in one. */
export function unionFieldSets(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptyFieldSet(b)) return a;
  if (isEmptyFieldSet(a)) return b;
  const children = new Map(a.children);
  for (const [element, child] of b.children) {
    const other = children.get(element);
    children.set(element, other === undefined ? child : unionFieldSets(other, child));
  }
  return combine(a.member || b.member, children);
}

/** The members of `a` that are not members of `b`. */
export function subtractFieldSet(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, false);
}

/** {@link subtractFieldSet}, and a member of `b` takes everything below it away as well. */
export function subtractFieldSetDeep(a: FieldSet, b: FieldSet): FieldSet {
  return subtract(a, b, true);
}

function subtract(a: FieldSet, b: FieldSet, deep: boolean): FieldSet {
  if (b.children.size === 0 && !b.member) return a;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined) {
      children.set(element, child);
      continue;
    }
    if (deep && other.member) continue;
    const rest = subtract(child, other, deep);
    if (!isEmptyFieldSet(rest)) children.set(element, rest);
  }
  return combine(a.member && !b.member, children);
}

/** What is in both. */
export function intersectFieldSets(a: FieldSet, b: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined) continue;
    const both = intersectFieldSets(child, other);
    if (!isEmptyFieldSet(both)) children.set(element, both);
  }
  return combine(a.member && b.member, children);
}

/** A path in dotted names' parts, with `*` for any element. */
export type FieldPattern = readonly string[];

/** The members on the way to one of `patterns`, and below. */
export function keepFields(set: FieldSet, patterns: readonly FieldPattern[]): FieldSet {
  if (patterns.some((pattern) => pattern.length === 0)) return set;
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const below = patterns.filter(([first]) => first === "*" || `f:${first}` === element);
    if (below.length === 0) continue;
    const kept = keepFields(
      child,
      below.map((pattern) => pattern.slice(1)),
    );
    if (!isEmptyFieldSet(kept)) children.set(element, kept);
  }
  return combine(set.member, children);
}

/** The same fields, in whatever order. */
export function fieldSetsEqual(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.member !== b.member || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other === undefined || !fieldSetsEqual(child, other)) return false;
  }
  return true;
}

/** The set of these paths: `fieldSetOf(["f:spec", "f:replicas"])`. */
export function fieldSetOf(...paths: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path);
  return builder.build();
}

/** The set of dotted field names: `fieldSetOfNames("status", "metadata.name")`, the form in which reset fields are listed. */
export function fieldSetOfNames(...names: readonly string[]): FieldSet {
  return fieldSetOf(...names.map((name) => name.split(".").map((part) => `f:${part}`)));
}

interface MutableNode {
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

/** Collects paths. */
export class FieldSetBuilder {
  readonly #root: MutableNode = { member: false, children: new Map() };
  /** Nodes made here; others are shared and must be copied before a path goes through them. */
  readonly #own = new Set<FieldSet>();

  /** Adds a path, with `below` at its end. The empty path is not tracked. */
  insert(path: readonly string[], below: FieldSet = leafFieldSet): void {
    if (path.length === 0) return;
    let node = this.#root;
    for (let i = 0; i < path.length - 1; i++) node = this.#step(node, path[i]!);
    const last = path[path.length - 1]!;
    const present = node.children.get(last);
    node.children.set(last, present === undefined ? below : unionFieldSets(present, below));
  }

  build(): FieldSet {
    return this.#root.children.size === 0 ? emptyFieldSet : this.#root;
  }

  #step(node: MutableNode, element: string): MutableNode {
    const child = node.children.get(element);
    if (child !== undefined && this.#own.has(child)) return child as MutableNode;
    const made: MutableNode = { member: child?.member ?? false, children: new Map(child?.children) };
    this.#own.add(made);
    node.children.set(element, made);
    return made;
  }
}

/** All member paths, those of a level before what is below them: upstream's order. */
export function fieldPaths(set: FieldSet): string[][] {
  const paths: string[][] = [];
  const walk = (node: FieldSet, path: string[]) => {
    const elements = sortedElements(node);
    for (const element of elements) if (node.children.get(element)!.member) paths.push([...path, element]);
    for (const element of elements) walk(node.children.get(element)!, [...path, element]);
  };
  walk(set, []);
  return paths;
}

/** A path as errors print it: `.spec.containers[name="web"].image`. */
export function formatFieldPath(path: readonly string[]): string {
  return path.map(formatElement).join("");
}

function formatElement(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case "k": {
      const keys = Object.entries(parseJson(text) as Record<string, Json>);
      return `[${keys.map(([name, value]) => `${name}=${writeJson(value)}`).join(",")}]`;
    }
    case "v":
      return `[=${text}]`;
    case "i":
      return `[${text}]`;
    default:
      return `.${text}`;
  }
}

const kindOrder = "fkvi";
const parsed = new WeakMap<object, FieldSet>();

function sortedElements(set: FieldSet): string[] {
  return [...set.children.keys()].sort(compareElements);
}

/** Fields first, then keys, values and indices; by text within. */
export function compareElements(a: string, b: string): number {
  const kind = kindOrder.indexOf(a[0]!) - kindOrder.indexOf(b[0]!);
  return kind !== 0 ? kind : a < b ? -1 : 1;
}

/** The FieldsV1 of a set. Reading it back costs nothing. */
export function writeFieldsV1(set: FieldSet): Record<string, Json> {
  const fields = writeNode(set);
  parsed.set(fields, set);
  return fields;
}

function writeNode(set: FieldSet): Record<string, Json> {
  const fields: Record<string, Json> = {};
  if (set.children.size === 0) return fields;
  for (const element of sortedElements(set)) {
    const child = set.children.get(element)!;
    const below = writeNode(child);
    put(fields, element, child.member && child.children.size > 0 ? { ".": {}, ...below } : below);
  }
  return fields;
}

/** The set a FieldsV1 stands for; remembered per object, which must not change afterwards. @throws Error for what is no FieldsV1 */
export function parseFieldsV1(fields: object): FieldSet {
  let set = parsed.get(fields);
  if (set === undefined) {
    set = parseNode(fields as Record<string, Json>, false);
    parsed.set(fields, set);
  }
  return set;
}

function parseNode(fields: Record<string, Json>, member: boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  let self = member;
  for (const key of Object.keys(fields)) {
    if (key === ".") {
      self = true;
      continue;
    }
    const below = fields[key];
    if (typeof below !== "object" || below === null || Array.isArray(below)) {
      throw new Error(`managed fields: ${JSON.stringify(key)} must be an object`);
    }
    const leaf = Object.keys(below).length === 0;
    children.set(normalizeElement(key), leaf ? leafFieldSet : parseNode(below, false));
  }
  return combine(self, children);
}

function normalizeElement(element: string): string {
  const text = element.slice(2);
  if (element[1] !== ":" || !kindOrder.includes(element[0]!)) {
    throw new Error(`managed fields: unknown path element ${JSON.stringify(element)}`);
  }
  if (element[0] === "k") return keyElement(parseJson(text) as Record<string, Json>);
  return element[0] === "v" ? valueElement(parseJson(text) as Json) : element;
}

const fieldElements = new Map<string, string>();
const mostFieldElements = 8192;

/** `f:` and a field's name, the same string for the same name: made anew, each would have to be looked up before it can be a key. */
export function fieldElement(name: string): string {
  let element = fieldElements.get(name);
  if (element === undefined) {
    element = `f:${name}`;
    // Schemas have some thousands of names; users' maps have any, and of any length.
    if (fieldElements.size < mostFieldElements && name.length <= 63) fieldElements.set(name, element);
  }
  return element;
}

/** `k:` with its keys in order. */
export function keyElement(keys: Readonly<Record<string, Json>>): string {
  const names = Object.keys(keys);
  if (names.length === 1) return `k:${writeJson(keys)}`;
  return `k:${writeJson(Object.fromEntries(names.sort().map((name) => [name, keys[name]])))}`;
}

export function valueElement(value: Json): string {
  return `v:${writeJson(value)}`;
}
