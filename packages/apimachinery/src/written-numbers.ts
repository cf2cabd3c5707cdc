/**
 * Numbers that JSON writes with a fraction or an exponent. To Go's decoder `1.0` is no integer, and as a quantity `1e3` is not `1000`; the engine's
 * parser gives the same number for both. Only a body that has such a number is read for them, and only where that matters.
 */

import type { Json } from "./object.ts";

/** A number in a body, by where it is, and its text. */
export interface WrittenNumber {
  /** Keys and indices, from the root. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** As many are looked for. */
const maxNumbers = 1000;
/** No double is as large as an integer of so many digits. */
export const infiniteDigits = 309;
const isWritten = /[.eE]/;

/** A double that no JSON number is: what the engine's parser makes of one that is too large. */
export function hasInfinite(value: Json): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "object" && value !== null && Object.values(value).some(hasInfinite);
}

/** The first thousand of them. @throws SyntaxError for text that is no JSON */
export function writtenNumbers(body: string | Uint8Array): WrittenNumber[] {
  const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
  const byHolder = new Map<object, Map<string, string>>();
  let count = 0;
  const note: Reviver = function (key, value, { source }) {
    if (typeof value !== "number" || count >= maxNumbers || source === undefined) return value;
    if (source.length < infiniteDigits && !isWritten.test(source)) return value;
    const texts = byHolder.get(this) ?? new Map<string, string>();
    byHolder.set(this, texts.set(key, source));
    count++;
    return value;
  };
  const root = { "": (JSON.parse as ParseWithSource)(text, note) };
  const found: WrittenNumber[] = [];
  if (count > 0) collect(root[""] as Json, byHolder, [], found);
  return found;
}

/** Of ECMAScript 2026; the compiler's library does not know it yet. */
type Reviver = (this: object, key: string, value: unknown, context: { readonly source?: string }) => unknown;
type ParseWithSource = (text: string, reviver: Reviver) => unknown;

/** @param path where `value` is; as it was when this is done */
function collect(
  value: Json,
  byHolder: ReadonlyMap<object, ReadonlyMap<string, string>>,
  path: (string | number)[],
  found: WrittenNumber[],
): void {
  if (typeof value !== "object" || value === null) return;
  const texts = byHolder.get(value);
  const isList = Array.isArray(value);
  for (const key in value) {
    const child = (value as Record<string, Json>)[key]!;
    const text = texts?.get(key);
    if (text === undefined && (typeof child !== "object" || child === null)) continue;
    path.push(isList ? Number(key) : key);
    if (text !== undefined) found.push({ path: [...path], text });
    else collect(child, byHolder, path, found);
    path.pop();
  }
}
