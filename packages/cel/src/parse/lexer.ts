/** The words of an expression. Source of the grammar: cel-go's CEL.g4. */

import { type CelValue, maxUint, Uint } from "../value.ts";
import { ParseError } from "./ast.ts";
import { unquote } from "./unquote.ts";

export interface Token {
  /** `literal`, `ident`, `escaped` (a name in backquotes), `end`, or the operator itself. */
  readonly kind: string;
  readonly text: string;
  /** In code points. */
  readonly at: number;
  /** Of a literal. Integers without their sign: the parser decides whether `-` is part of it. */
  readonly value?: CelValue;
  readonly number?: "int" | "uint" | "double";
}

const space = /[\t \r\n\f]+|\/\/[^\n]*/y;
const number = /0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const escaped = /`[A-Za-z0-9_./ -]+`/y;
const operator = /==|!=|<=|>=|&&|\|\||[<>[\](){}.,\-!?:+*/%]/y;
const quoteStart = /([bB]?[rR]?)("""|'''|"|')/y;

export interface Tokens {
  readonly tokens: readonly Token[];
  /** What could not be read was left out. */
  readonly errors: readonly ParseError[];
}

/** @throws ParseError for a literal that is none, with cel-go's text */
export function tokenize(source: string): Tokens {
  const tokens: Token[] = [];
  const errors: ParseError[] = [];
  const offsets = /[\ud800-\udbff]/.test(source) ? codePointOffsets(source) : undefined;
  const offset = (index: number): number => offsets?.[index] ?? index;
  let index = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = index;
    return pattern.exec(source)?.[0];
  };
  while (index < source.length) {
    const blank = match(space);
    if (blank !== undefined) {
      index += blank.length;
      continue;
    }
    const at = offset(index);
    const found = nextToken(source, index, at, match);
    if (found.token !== undefined) tokens.push(found.token);
    else errors.push(recognition(at, source.slice(index, index + found.length)));
    index += found.length;
  }
  tokens.push({ kind: "end", text: "<EOF>", at: offset(source.length) });
  return { tokens, errors };
}

type Match = (pattern: RegExp) => string | undefined;

/** Without a token: what cannot be the beginning of one, and what it failed at. */
function nextToken(source: string, index: number, at: number, match: Match): { token?: Token; length: number } {
  const start = match(quoteStart);
  const quoted = start === undefined ? undefined : quotedText(source, index, start);
  if (quoted?.ends) {
    const text = source.slice(index, index + quoted.length);
    return { token: { kind: "literal", text, at, value: unquote(text, at) }, length: quoted.length };
  }
  const digits = match(number);
  if (digits !== undefined) return { token: numberToken(digits, at), length: digits.length };
  const name = match(word);
  if (name !== undefined) return { token: wordToken(name, at), length: name.length };
  // Behind a prefix, which then is a name, the quote is met once more.
  if (quoted !== undefined) return { length: quoted.length };
  const inBackquotes = match(escaped);
  if (inBackquotes !== undefined) {
    const text = inBackquotes.slice(1, -1);
    return { token: { kind: "escaped", text, at }, length: inBackquotes.length };
  }
  const text = match(operator);
  if (text === undefined) {
    const first = String.fromCodePoint(source.codePointAt(index)!);
    return { length: first.length + (/[|&=]/.test(first) ? 1 : 0) };
  }
  return { token: { kind: text, text, at }, length: text.length };
}

function recognition(at: number, text: string): ParseError {
  return new ParseError(at, `Syntax error: token recognition error at: '${escapeControl(text)}'`);
}

function escapeControl(text: string): string {
  return text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
}

function codePointOffsets(source: string): number[] {
  const offsets: number[] = [];
  let count = 0;
  for (const character of source) {
    for (let i = 0; i < character.length; i++) offsets.push(count);
    count++;
  }
  offsets.push(count);
  return offsets;
}

interface Quoted {
  /** Otherwise it is no literal. */
  readonly ends: boolean;
  /** Of the literal; or of what was read until it could be none any more, with the character that showed it. */
  readonly length: number;
}

const wholeEscape = /\\(?:[abfnrtv"'\\?`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/y;
/** As much of one as there may be before the character that makes it none. */
const brokenEscape = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/y;

/** Scans by hand: a regular expression over a long string would keep a stack. */
function quotedText(source: string, index: number, start: string): Quoted {
  const raw = /r/i.test(start);
  const quote = start.replace(/^[bBrR]+/, "");
  const failed = (at: number): Quoted => {
    // What begins with three quotes begins with an empty literal.
    if (quote.length === 3) return { ends: true, length: start.length - 1 };
    const character = source.codePointAt(at);
    return { ends: false, length: at - index + (character === undefined ? 0 : String.fromCodePoint(character).length) };
  };
  for (let i = index + start.length; i < source.length; i++) {
    if (source[i] === "\\" && !raw) {
      wholeEscape.lastIndex = i;
      const length = wholeEscape.exec(source)?.[0].length;
      if (length === undefined) {
        brokenEscape.lastIndex = i;
        return failed(i + brokenEscape.exec(source)![0].length);
      }
      i += length - 1;
    } else if (source.startsWith(quote, i)) return { ends: true, length: i + quote.length - index };
    else if (quote.length === 1 && (source[i] === "\n" || source[i] === "\r")) return failed(i);
  }
  return failed(source.length);
}

function numberToken(text: string, at: number): Token {
  if (/[uU]$/.test(text)) {
    const value = BigInt(text.slice(0, -1));
    if (value > maxUint) throw new ParseError(at, "invalid uint literal");
    return { kind: "literal", text, at, value: new Uint(value), number: "uint" };
  }
  if (!/^0x/.test(text) && /[.eE]/.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new ParseError(at, "invalid double literal");
    return { kind: "literal", text, at, value, number: "double" };
  }
  return { kind: "literal", text, at, value: BigInt(text), number: "int" };
}

function wordToken(text: string, at: number): Token {
  switch (text) {
    case "true":
    case "false":
      return { kind: "literal", text, at, value: text === "true" };
    case "null":
      return { kind: "literal", text, at, value: null };
    case "in":
      return { kind: "in", text, at };
    default:
      return { kind: "ident", text, at };
  }
}
