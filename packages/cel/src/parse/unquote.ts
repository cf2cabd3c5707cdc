/** What is between quotes. Source: cel-go's parser/unescape.go. */

import { ParseError } from "./ast.ts";

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
  "`": 96,
  "?": 63,
};

/**
 * A string literal's text, or a bytes literal's bytes.
 * @param literal whose escapes all have a form that the lexer knows
 * @throws ParseError for an escape that is no character, or none of bytes
 */
export function unquote(literal: string, at: number): string | Uint8Array {
  const prefix = /^[bBrR]*/.exec(literal)?.[0] ?? "";
  const bytes = /b/i.test(prefix);
  const quoted = literal.slice(prefix.length);
  const width = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  const body = quoted.slice(width, -width).replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  if (/r/i.test(prefix) || !body.includes("\\")) return bytes ? Buffer.from(body, "utf8") : body;
  return bytes ? unescapeBytes(body, at) : unescapeText(body, at);
}

function unescapeText(body: string, at: number): string {
  let result = "";
  for (const part of parts(body)) {
    if (typeof part === "string") result += part;
    else if (part.value > 0x10ffff || (part.value >= 0xd800 && part.value <= 0xdfff)) throw invalid(at);
    else result += String.fromCodePoint(part.value);
  }
  return result;
}

function unescapeBytes(body: string, at: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (const part of parts(body)) {
    if (typeof part === "string") chunks.push(Buffer.from(part, "utf8"));
    else if (part.unicode) throw invalid(at);
    else chunks.push(Uint8Array.of(part.value));
  }
  return Uint8Array.from(Buffer.concat(chunks));
}

interface Escape {
  readonly value: number;
  readonly unicode: boolean;
}

function* parts(body: string): Generator<string | Escape> {
  let from = 0;
  for (let i = body.indexOf("\\"); i >= 0; i = body.indexOf("\\", from)) {
    if (i > from) yield body.slice(from, i);
    const { value, length, unicode } = readEscape(body, i + 1);
    yield { value, unicode };
    from = i + 1 + length;
  }
  if (from < body.length) yield body.slice(from);
}

function readEscape(body: string, i: number): Escape & { length: number } {
  const character = body[i] ?? "";
  const known = Object.hasOwn(simple, character) ? simple[character] : undefined;
  if (known !== undefined) return { value: known, length: 1, unicode: false };
  const hexDigits = { x: 2, X: 2, u: 4, U: 8 }[character];
  if (hexDigits !== undefined) {
    const digits = body.slice(i + 1, i + 1 + hexDigits);
    return { value: Number.parseInt(digits, 16), length: 1 + hexDigits, unicode: hexDigits > 2 };
  }
  return { value: Number.parseInt(body.slice(i, i + 3), 8), length: 3, unicode: false };
}

function invalid(at: number): ParseError {
  return new ParseError(at, "unable to unescape string");
}
