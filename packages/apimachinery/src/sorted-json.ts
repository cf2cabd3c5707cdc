/** JSON as Go writes maps: keys in order, and so the same text for the same meaning. */

import { writeJson } from "./exact-json.ts";

/** Fields that are undefined are left out; integers are exact. Keys that look like numbers are in order too, which no object of JavaScript has them in. */
export function writeSortedJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return writeJson(value ?? null);
  if (Array.isArray(value)) return `[${value.map(writeSortedJson).join(",")}]`;
  const object = value as Readonly<Record<string, unknown>>;
  const keys = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${writeSortedJson(object[key])}`).join(",")}}`;
}

/** JSON with the escapes that Go's encoder makes for what HTML knows. */
export function escapeAsGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
