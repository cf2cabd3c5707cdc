/**
 * JSON whose integers are exact, as Go's int64 are. Integers that a double holds are numbers; the others up to 64 bits are bigints, and only those, so
 * that a value has one form. Larger ones are doubles, as in Go. Text without a long run of digits costs no more than the engine's own parser.
 */

import { realRandom } from "./clock.ts";
import type { Json } from "./object.ts";

/** Integers of fewer digits are exact as numbers. */
const longDigits = 16;
/** Integers of more digits have more than 64 bits. */
const mostDigits = 19;
const longInteger = /^-?[1-9]\d{15,18}$/;

/**
 * `JSON.parse`, exactly.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return hasDigits(text, longDigits) ? parseExactly(text) : JSON.parse(text);
}

/** `JSON.stringify`, exactly: bigints are written as integers. */
export function writeJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // What the engine says of a bigint; asking beforehand would cost every object a walk.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, asRaw, indent);
  }
}

/** An integer in its one form. Undefined when it has more than 64 bits. */
export function integerOf(value: bigint): number | bigint | undefined {
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** The value of a JSON number's text. */
export function numberOf(text: string): number | bigint {
  const number = Number(text);
  if (Number.isSafeInteger(number) || !longInteger.test(text)) return number;
  return integerOf(BigInt(text)) ?? number;
}

/** An integer in either form. */
export function isInteger(value: unknown): value is number | bigint {
  return typeof value === "bigint" || Number.isInteger(value);
}

/** Whether so many digits stand in a row. Looks at every so-manieth character: the row has one there. */
export function hasDigits(text: string, many: number): boolean {
  for (let i = many - 1; i < text.length; ) {
    if (!isDigit(text.charCodeAt(i))) {
      i += many;
      continue;
    }
    let start = i;
    while (start > 0 && isDigit(text.charCodeAt(start - 1)) && i - start < many) start--;
    let end = i + 1;
    while (isDigit(text.charCodeAt(end))) end++;
    if (end - start >= many) return true;
    i = end + many - 1;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Long integers stand in strings that nobody can have thought of while the engine parses, which has no cheaper way to ask for their text. */
function parseExactly(text: string): unknown {
  mark ??= `${realRandom.uuid()}:`;
  const marked = markLongIntegers(text, mark);
  if (marked === undefined) return JSON.parse(text);
  let value: Json;
  try {
    value = JSON.parse(marked) as Json;
  } catch {
    // What is wrong is told of the text as it came: nobody is to learn the mark.
    return JSON.parse(text);
  }
  return unmarked(value, mark);
}

let mark: string | undefined;

/** Undefined when there is no long integer outside strings. */
function markLongIntegers(text: string, mark: string): string | undefined {
  const parts: string[] = [];
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
      if (i < 0) break;
    } else if (code === 0x2d || isDigit(code)) {
      const start = i;
      while (isOfNumber(text.charCodeAt(i + 1))) i++;
      if (i + 1 - start < longDigits || i - start > mostDigits) continue;
      const token = text.slice(start, i + 1);
      if (typeof numberOf(token) !== "bigint") continue;
      parts.push(text.slice(copied, start), '"', mark, token, '"');
      copied = i + 1;
    }
  }
  if (parts.length === 0) return undefined;
  parts.push(text.slice(copied));
  return parts.join("");
}

/** Digits, sign, point and exponent: as much as may belong to one number. */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x2d || code === 0x2b || code === 0x65 || code === 0x45;
}

/** The index of the quote that ends the string begun at `start`; -1 when there is none. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

/** In place. */
function unmarked(value: Json, mark: string): unknown {
  if (typeof value === "string") return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  const children = value as Record<string, unknown>;
  for (const key of Object.keys(children)) {
    const child = children[key] as Json;
    // An own `__proto__` is there already: assigning to it sets no prototype.
    if (typeof child === "string" || typeof child === "object") children[key] = unmarked(child, mark);
  }
  return value;
}

function asRaw(this: unknown, _key: string, value: unknown): unknown {
  return typeof value === "bigint" ? rawJson(String(value)) : value;
}

/** Of ECMAScript 2026; the compiler's library does not know it yet. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
