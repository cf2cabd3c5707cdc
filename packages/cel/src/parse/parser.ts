/** Text to tree, by precedence climbing. Source of the grammar: cel-go's CEL.g4; of the limits: parser/options.go. */

import { reservedWords } from "../escape.ts";
import { maxInt, minInt } from "../value.ts";
import { type Call, type Node, ParseError } from "./ast.ts";
import { type Token, tokenize } from "./lexer.ts";
import { expandBinding, expandMacro } from "./macros.ts";

/** Code points. */
const maxSize = 100_000;
const maxDepth = 250;

const relations = new Set(["<", "<=", ">=", ">", "==", "!=", "in"]);
const products = new Set(["*", "/", "%"]);
const sums = new Set(["+", "-"]);
const beginnings = new Set(["literal", "ident", "(", "[", "{", ".", "-", "!"]);
const expecting =
  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

export interface ParseOptions {
  /** `cel.bind(name, value, expression)` is a macro. */
  readonly bindings?: boolean;
}

/** The tree, or what is wrong with the text, in cel-go's words as near as a parser of another kind comes to them. */
export function parse(source: string, options: ParseOptions = {}): Node | readonly ParseError[] {
  try {
    return parseText(source, options);
  } catch (error) {
    if (error instanceof ParseError) return [error];
    throw error;
  }
}

function parseText(source: string, options: ParseOptions): Node | readonly ParseError[] {
  if (source.length > maxSize) {
    const size = [...source].length;
    if (size > maxSize)
      throw new ParseError(-1, `expression code point size exceeds limit: size: ${size}, limit ${maxSize}`);
  }
  const { tokens, errors } = tokenize(source);
  const parser = new Parser(tokens, options);
  if (errors.length === 0) return parser.parseAll();
  try {
    parser.parseAll();
    return errors;
  } catch (error) {
    if (error instanceof ParseError) return [...errors, error];
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #options: ParseOptions;
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[], options: ParseOptions) {
    this.#tokens = tokens;
    this.#options = options;
  }

  parseAll(): Node {
    const node = this.#expression();
    if (this.#peek.kind === "end") return node;
    // As ANTLR has it: one word too many can be left out, more cannot.
    const last = this.#tokens[this.#index + 1]?.kind === "end";
    throw this.#mismatch("expecting <EOF>", last ? "extraneous input" : "mismatched input");
  }

  get #peek(): Token {
    return this.#tokens[this.#index]!;
  }

  #next(): Token {
    return this.#tokens[this.#index++]!;
  }

  #accept(kind: string): Token | undefined {
    return this.#peek.kind === kind ? this.#next() : undefined;
  }

  #expect(kind: string): Token {
    const token = this.#accept(kind);
    if (token === undefined) throw this.#mismatch(`expecting '${kind}'`);
    return token;
  }

  #mismatch(expected: string, how = "mismatched input"): ParseError {
    const { at, text } = this.#peek;
    return new ParseError(at, `Syntax error: ${how} '${text}' ${expected}`);
  }

  #enter(): void {
    if (++this.#depth > maxDepth) throw this.#tooDeep();
  }

  #tooDeep(): ParseError {
    return new ParseError(-1, `expression recursion limit exceeded: ${maxDepth}`);
  }

  #expression(): Node {
    this.#enter();
    const condition = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
    const question = this.#accept("?");
    let result = condition;
    if (question !== undefined) {
      const yes = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
      this.#expect(":");
      const no = this.#expression();
      result = { kind: "call", at: question.at, name: "_?_:_", args: [condition, yes, no] };
    }
    this.#depth--;
    return result;
  }

  /** A chain of one logical operator, as a balanced tree. */
  #logical(operator: string, name: string, operand: () => Node): Node {
    const terms = [operand()];
    const places: number[] = [];
    for (let token = this.#accept(operator); token !== undefined; token = this.#accept(operator)) {
      places.push(token.at);
      terms.push(operand());
    }
    const balanced = (low: number, high: number): Node => {
      const middle = Math.floor((low + high + 1) / 2);
      const left = middle === low ? terms[middle]! : balanced(low, middle - 1);
      const right = middle === high ? terms[middle + 1]! : balanced(middle + 1, high);
      return { kind: "call", at: places[middle]!, name, args: [left, right] };
    };
    return places.length === 0 ? terms[0]! : balanced(0, places.length - 1);
  }

  #chain(operators: ReadonlySet<string>, operand: () => Node): Node {
    let left = operand();
    for (let length = 0; operators.has(this.#peek.kind); length++) {
      if (length >= maxDepth) throw this.#tooDeep();
      const { kind, at } = this.#next();
      const name = kind === "in" ? "@in" : `_${kind}_`;
      left = { kind: "call", at, name, args: [left, operand()] };
    }
    return left;
  }

  #relation(): Node {
    return this.#chain(relations, () => this.#chain(sums, () => this.#chain(products, () => this.#unary())));
  }

  #unary(): Node {
    const { kind, at } = this.#peek;
    if (kind !== "!" && kind !== "-") return this.#member();
    let count = 0;
    while (this.#peek.kind === kind) {
      // A minus before a number is the number's, when it is the last of them.
      const after = this.#tokens[this.#index + 1];
      if (kind === "-" && (after?.number === "int" || after?.number === "double")) break;
      this.#next();
      count++;
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return { kind: "call", at, name: kind === "!" ? "!_" : "-_", args: [operand] };
  }

  #member(): Node {
    let node = this.#primary();
    for (let length = 0; ; length++) {
      const { kind, at } = this.#peek;
      if (kind !== "." && kind !== "[") return node;
      if (length >= maxDepth) throw this.#tooDeep();
      this.#next();
      node = kind === "." ? this.#afterDot(node, at) : this.#afterBracket(node, at);
    }
  }

  #afterBracket(operand: Node, at: number): Node {
    const optional = this.#accept("?") !== undefined;
    const index = this.#expression();
    this.#expect("]");
    return { kind: "call", at, name: optional ? "_[?_]" : "_[_]", args: [operand, index] };
  }

  #afterDot(operand: Node, at: number): Node {
    const optional = this.#accept("?") !== undefined;
    const token = this.#peek;
    if (token.kind !== "ident" && token.kind !== "escaped") throw this.#mismatch("expecting IDENTIFIER");
    this.#next();
    if (optional) {
      const field: Node = { kind: "literal", at: token.at, value: token.text };
      return { kind: "call", at, name: "_?._", args: [operand, field] };
    }
    const open = token.kind === "ident" ? this.#accept("(") : undefined;
    if (open === undefined) return { kind: "select", at, operand, field: token.text, test: false };
    return this.#call({ kind: "call", at: open.at, name: token.text, target: operand, args: this.#arguments(")") });
  }

  #call(call: Call): Node {
    return this.#options.bindings ? expandBinding(call) : expandMacro(call);
  }

  #arguments(close: string): Node[] {
    const args: Node[] = [];
    if (this.#accept(close) !== undefined) return args;
    do args.push(this.#expression());
    while (this.#accept(",") !== undefined);
    this.#expect(close);
    return args;
  }

  #primary(): Node {
    const token = this.#peek;
    switch (token.kind) {
      case "literal":
      case "-":
        return this.#literal();
      case "(": {
        this.#next();
        const node = this.#expression();
        this.#expect(")");
        return node;
      }
      case "[":
        return this.#list();
      case "{":
        return this.#map();
      case ".":
      case "ident":
        return this.#name();
      default: {
        const next = this.#tokens[this.#index + 1]?.kind ?? "end";
        throw this.#mismatch(expecting, beginnings.has(next) ? "extraneous input" : "mismatched input");
      }
    }
  }

  #literal(): Node {
    const minus = this.#accept("-");
    const { kind, value, number, at } = this.#peek;
    if (kind !== "literal" || (minus !== undefined && number === undefined)) throw this.#mismatch(expecting);
    this.#next();
    const place = minus?.at ?? at;
    if (number === "int") {
      const signed = minus === undefined ? (value as bigint) : -(value as bigint);
      if (signed < minInt || signed > maxInt) throw new ParseError(place, "invalid int literal");
      return { kind: "literal", at: place, value: signed };
    }
    if (number === "double" && minus !== undefined) return { kind: "literal", at: place, value: -(value as number) };
    return { kind: "literal", at: place, value: value! };
  }

  #list(): Node {
    const { at } = this.#next();
    const elements: Node[] = [];
    const optional = new Set<number>();
    while (this.#peek.kind !== "]") {
      if (elements.length === 0 && this.#accept(",") !== undefined) break;
      if (this.#accept("?") !== undefined) optional.add(elements.length);
      elements.push(this.#expression());
      if (this.#accept(",") === undefined) break;
    }
    this.#expect("]");
    return { kind: "list", at, elements, optional };
  }

  #map(): Node {
    const { at } = this.#next();
    const entries: { key: Node; value: Node; optional: boolean }[] = [];
    while (this.#peek.kind !== "}") {
      if (entries.length === 0 && this.#accept(",") !== undefined) break;
      const optional = this.#accept("?") !== undefined;
      const key = this.#expression();
      this.#expect(":");
      entries.push({ key, value: this.#expression(), optional });
      if (this.#accept(",") === undefined) break;
    }
    this.#expect("}");
    return { kind: "map", at, entries };
  }

  /** A variable, a function's call, or an object under construction: `Object.spec{...}`. */
  #name(): Node {
    const dot = this.#accept(".");
    const { text, at } = this.#expectIdent();
    const start = dot?.at ?? at;
    const open = this.#accept("(");
    if (open !== undefined) return this.#call({ kind: "call", at: open.at, name: text, args: this.#arguments(")") });
    const struct = this.#structAhead();
    if (struct !== undefined) return this.#struct([text, ...struct].join("."));
    if (reservedWords.has(text)) throw new ParseError(at, `reserved identifier: ${text}`);
    return { kind: "ident", at: start, name: text };
  }

  #expectIdent(): Token {
    const token = this.#accept("ident");
    if (token === undefined) throw this.#mismatch("expecting IDENTIFIER");
    return token;
  }

  /** The rest of a dotted name that a `{` follows; then the name is taken. */
  #structAhead(): string[] | undefined {
    let index = this.#index;
    const names: string[] = [];
    while (this.#tokens[index]?.kind === "." && this.#tokens[index + 1]?.kind === "ident") {
      names.push(this.#tokens[index + 1]!.text);
      index += 2;
    }
    if (this.#tokens[index]?.kind !== "{") return undefined;
    this.#index = index;
    return names;
  }

  #struct(name: string): Node {
    const { at } = this.#expect("{");
    const fields: { name: string; value: Node; optional: boolean; at: number }[] = [];
    while (this.#peek.kind !== "}") {
      if (fields.length === 0 && this.#accept(",") !== undefined) break;
      const optional = this.#accept("?") !== undefined;
      const field = this.#accept("escaped") ?? this.#expectIdent();
      const colon = this.#expect(":");
      fields.push({ name: field.text, value: this.#expression(), optional, at: colon.at });
      if (this.#accept(",") === undefined) break;
    }
    this.#expect("}");
    return { kind: "struct", at, name, fields };
  }
}
