/** Functions of strings: the standard ones and cel-go's strings extension, version 2. Positions count code points. */

import { CelError } from "../cel-error.ts";
import { ArrayList, type List } from "../value.ts";
import { boundText } from "../work.ts";
import { formatString } from "./format-string.ts";
import { type Overload, overload } from "./overload.ts";

const surrogate = /[\ud800-\udfff]/;

/** Code points. */
export function textSize(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let size = 0;
  for (const _ of text) size++;
  return size;
}

/** The text's characters, or the text itself where each is one unit. */
function characters(text: string): string | string[] {
  return surrogate.test(text) ? [...text] : text;
}

function slice(text: string | string[], from: number, to: number): string {
  return typeof text === "string" ? text.slice(from, to) : text.slice(from, to).join("");
}

function outOfRange(index: bigint): CelError {
  return new CelError(`index out of range: ${index}`);
}

function charAt(text: string, index: bigint): string {
  const all = characters(text);
  if (index < 0n || index > BigInt(all.length)) throw outOfRange(index);
  return all[Number(index)] ?? "";
}

function substring(text: string, start: bigint, end?: bigint): string {
  const all = characters(text);
  const size = BigInt(all.length);
  if (end !== undefined && start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > size) throw outOfRange(start);
  if (end !== undefined && (end < 0n || end > size)) throw outOfRange(end);
  return slice(all, Number(start), Number(end ?? size));
}

/** The count of code points before a position in UTF-16. */
function toCodePoints(text: string, index: number): bigint {
  return BigInt(index < 0 ? index : textSize(text.slice(0, index)));
}

function indexOf(text: string, part: string, offset = 0n): bigint {
  if (offset < 0n) throw outOfRange(offset);
  const all = characters(text);
  if (part === "") return offset > BigInt(all.length) ? BigInt(all.length) : offset;
  if (offset >= BigInt(all.length)) return -1n;
  const from = typeof all === "string" ? Number(offset) : all.slice(0, Number(offset)).join("").length;
  return toCodePoints(text, text.indexOf(part, from));
}

function lastIndexOf(text: string, part: string, offset?: bigint): bigint {
  const all = characters(text);
  const size = BigInt(all.length);
  if (offset === undefined) return part === "" ? size : toCodePoints(text, text.lastIndexOf(part));
  if (offset < 0n) throw outOfRange(offset);
  if (part === "") return offset > size ? size : offset;
  if (offset >= size) return -1n;
  const from = typeof all === "string" ? Number(offset) : all.slice(0, Number(offset)).join("").length;
  return toCodePoints(text, text.lastIndexOf(part, from));
}

function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (found) => found.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replaceAll(/[a-z]+/g, (found) => found.toUpperCase());
}

/** Go's strings.Replace: an empty text is found before every character and at the end. */
function replace(text: string, from: string, to: string, count = -1n): string {
  if (count === 0n || from === to) return text;
  const limit = count < 0n ? Infinity : Number(count);
  if (from === "") return replaceEmpty(text, to, limit);
  const parts: string[] = [];
  let at = 0;
  for (let done = 0; done < limit; done++) {
    const found = text.indexOf(from, at);
    if (found < 0) break;
    boundText(parts.length * to.length);
    parts.push(text.slice(at, found));
    at = found + from.length;
  }
  return [...parts, text.slice(at)].join(to);
}

function replaceEmpty(text: string, to: string, limit: number): string {
  const all = [...text];
  boundText(all.length * to.length);
  const parts: string[] = [];
  for (let i = 0; i <= all.length; i++) {
    if (i < limit) parts.push(to);
    if (i < all.length) parts.push(all[i]!);
  }
  return parts.join("");
}

/** Go's strings.SplitN. */
function split(text: string, separator: string, count = -1n): ArrayList {
  if (count === 0n) return new ArrayList([]);
  if (count === 1n) return new ArrayList([text]);
  const parts = separator === "" ? [...text] : text.split(separator);
  if (count < 0n || BigInt(parts.length) <= count) return new ArrayList(parts);
  const kept = parts.slice(0, Number(count) - 1);
  return new ArrayList([...kept, parts.slice(kept.length).join(separator)]);
}

function join(list: List, separator = ""): string {
  const parts: string[] = [];
  let size = 0;
  for (const value of list) {
    size += typeof value === "string" ? value.length + separator.length : 0;
    boundText(size);
    if (typeof value !== "string") throw new CelError("join: invalid input: value must be a string");
    parts.push(value);
  }
  return parts.join(separator);
}

const quotes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return `"${text.toWellFormed().replaceAll(/[\u0007\b\f\n\r\t\v\\"]/g, (found) => quotes[found]!)}"`;
}

/** Go's strings.TrimSpace trims Unicode's white space, which lacks JavaScript's BOM and has NEL. */
function trim(text: string): string {
  return text.replace(/^\p{White_Space}+/u, "").replace(/(?<!\p{White_Space})\p{White_Space}+$/u, "");
}

export const stringFunctions: readonly Overload[] = [
  overload("contains", "contains_string", "string.(string): bool", (a: string, b: string) => a.includes(b)),
  overload("endsWith", "ends_with_string", "string.(string): bool", (a: string, b: string) => a.endsWith(b)),
  overload("startsWith", "starts_with_string", "string.(string): bool", (a: string, b: string) => a.startsWith(b)),
  overload("charAt", "string_char_at_int", "string.(int): string", charAt),
  overload("indexOf", "string_index_of_string", "string.(string): int", indexOf),
  overload("indexOf", "string_index_of_string_int", "string.(string, int): int", indexOf),
  overload("lastIndexOf", "string_last_index_of_string", "string.(string): int", lastIndexOf),
  overload("lastIndexOf", "string_last_index_of_string_int", "string.(string, int): int", lastIndexOf),
  overload("lowerAscii", "string_lower_ascii", "string.(): string", lowerAscii),
  overload("upperAscii", "string_upper_ascii", "string.(): string", upperAscii),
  overload("replace", "string_replace_string_string", "string.(string, string): string", replace),
  overload("replace", "string_replace_string_string_int", "string.(string, string, int): string", replace),
  overload("split", "string_split_string", "string.(string): list(string)", split),
  overload("split", "string_split_string_int", "string.(string, int): list(string)", split),
  overload("substring", "string_substring_int", "string.(int): string", substring),
  overload("substring", "string_substring_int_int", "string.(int, int): string", substring),
  overload("trim", "string_trim", "string.(): string", trim),
  overload("join", "list_join", "list(string).(): string", join),
  overload("join", "list_join_string", "list(string).(string): string", join),
  overload("strings.quote", "strings_quote", "(string): string", quote),
  overload("format", "string_format", "string.(list(dyn)): string", formatString),
];
