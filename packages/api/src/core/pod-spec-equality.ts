/** Equality of Pod specs as upstream means it: empty is absent, and quantities are amounts. Source: api/equality's Semantic. */

import { deepEqual, tryParseQuantity, writeJson } from "@kubets/apimachinery";

const quantityLists = new Set(["limits", "requests", "overhead", "allocatedResources"]);

type JsonObject = Readonly<Record<string, unknown>>;

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every((each) => each === undefined);
}

/** Equal in meaning: `{}`, `[]`, null and no field are one; `1000m` is `1`. */
export function semanticEqual(a: unknown, b: unknown): boolean {
  // Mostly they are the same to the letter, which is found out without keeping track of where.
  return deepEqual(a, b) || firstDifference(a, b, "", false) === undefined;
}

/** A difference in one field, as a path and its two values. */
export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** All fields that differ, outermost where one side has none. */
export function differences(before: unknown, after: unknown): Difference[] {
  const found: Difference[] = [];
  walk(before, after, "", false, (difference) => {
    found.push(difference);
    return true;
  });
  return found;
}

/** Differences as upstream's messages append them: removed and added lines. */
export function formatDifferences(before: unknown, after: unknown): string {
  const line = (sign: string, path: string, value: unknown) => `${sign} \t${path}: ${writeJson(value ?? null)},\n`;
  return differences(before, after)
    .map((each) => line("-", each.path, each.before) + line("+", each.path, each.after))
    .join("");
}

function firstDifference(a: unknown, b: unknown, path: string, isQuantity: boolean): Difference | undefined {
  let first: Difference | undefined;
  walk(a, b, path, isQuantity, (difference) => {
    first = difference;
    return false;
  });
  return first;
}

/** Calls `report` for each difference until it returns false. Returns whether to go on. */
function walk(
  a: unknown,
  b: unknown,
  path: string,
  isQuantity: boolean,
  report: (difference: Difference) => boolean,
): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true;
  if (isQuantity && sameAmount(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
    return a.every((each, i) => walk(each, b[i], `${path}[${i}]`, false, report));
  if (!isObject(a) || !isObject(b)) return report({ path, before: a, after: b });
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const isAmount = quantityLists.has(lastName(path));
    if (!walk(a[key], b[key], path === "" ? key : `${path}.${key}`, isAmount, report)) return false;
  }
  return true;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function sameAmount(a: unknown, b: unknown): boolean {
  const left = tryParseQuantity(a);
  const right = tryParseQuantity(b);
  return left !== undefined && right !== undefined && left.cmp(right) === 0;
}
