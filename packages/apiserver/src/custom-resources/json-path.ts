/**
 * Kubernetes' JSONPath, as far as columns and selectable fields use it: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.items[0].name`, `['a.b']`, `[*]`, `..name`, `[1:3]`, `[a,b]`. Parsed once; nothing is evaluated as code. Source: client-go's util/jsonpath.
 */

import { writeJson } from "@kubets/apimachinery";
import { isObject } from "./schema-node.ts";

export class JsonPathError extends Error {}

type Step = (values: readonly unknown[]) => unknown[];

/** Gives all values the path leads to; none where a key is missing. */
export type JsonPath = (root: unknown) => unknown[];

/** @throws JsonPathError for what is no path */
export function parseJsonPath(text: string): JsonPath {
  const steps = new Parser(text).steps();
  return (root) => steps.reduce<unknown[]>((values, step) => (values.length === 0 ? values : step(values)), [root]);
}

function child(value: unknown, key: string): unknown[] {
  return isObject(value) && Object.hasOwn(value, key) ? [value[key]] : [];
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

const each =
  (select: (value: unknown) => unknown[]): Step =>
  (values) =>
    values.flatMap(select);

function descendants(value: unknown): unknown[] {
  return [value, ...children(value).flatMap(descendants)];
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  steps(until = ""): Step[] {
    const steps: Step[] = [];
    while (this.#at < this.#text.length && !(until !== "" && until.includes(this.#text[this.#at]!))) {
      const step = this.#step();
      if (step !== undefined) steps.push(step);
    }
    return steps;
  }

  #fail(why: string): never {
    throw new JsonPathError(`${why} in ${JSON.stringify(this.#text)}`);
  }

  #step(): Step | undefined {
    const next = this.#text[this.#at];
    if (next === "$" || next === "@") {
      this.#at++;
      return undefined;
    }
    if (next === "[") return this.#bracket();
    if (next !== ".") this.#fail(`unexpected character ${JSON.stringify(next)}`);
    this.#at++;
    if (this.#text[this.#at] !== ".") return this.#dotted();
    this.#at++;
    const below = this.#text[this.#at] === "[" ? this.#bracket() : this.#dotted();
    return (values) => (below === undefined ? [] : below(values.flatMap(descendants)));
  }

  /** What follows a dot: nothing (the object itself), `*`, or a name, in which a backslash takes the next character as it is. */
  #dotted(): Step | undefined {
    let name = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === "\\" && this.#at + 1 < this.#text.length) name += this.#text[++this.#at];
      else if (" .[]()=!<>&|,".includes(character)) break;
      else name += character;
    }
    if (name === "*") return each(children);
    return name === "" ? undefined : each((value) => child(value, name));
  }

  #bracket(): Step {
    this.#at++;
    if (this.#text.startsWith("?(", this.#at)) return this.#filter();
    const selectors: ((value: unknown) => unknown[])[] = [];
    for (;;) {
      selectors.push(this.#selector());
      const end = this.#text[this.#at++];
      if (end === "]") break;
      if (end !== ",") this.#fail("unterminated array");
    }
    return each((value) => selectors.flatMap((select) => select(value)));
  }

  #selector(): (value: unknown) => unknown[] {
    const rest = this.#text.slice(this.#at);
    const quoted = /^\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*/.exec(rest);
    if (quoted !== null) {
      this.#at += quoted[0].length;
      const key = (quoted[1] ?? quoted[2] ?? "").replace(/\\(.)/g, "$1");
      return (value) => child(value, key);
    }
    const plain = /^[^\],]*/.exec(rest)![0];
    this.#at += plain.length;
    const text = plain.trim();
    if (text === "*" || text === "") return children;
    const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(text);
    if (slice === null) this.#fail(`invalid array index ${text}`);
    return slicer(slice, text.includes(":"));
  }

  #filter(): Step {
    this.#at += 2;
    const left = this.#operand();
    const operator = /^\s*(==|!=|<=|>=|<|>)\s*/.exec(this.#text.slice(this.#at));
    let test = (value: unknown): boolean => left(value).length > 0;
    if (operator !== null) {
      this.#at += operator[0].length;
      const right = this.#operand();
      test = (value) => compare(left(value)[0], right(value)[0], operator[1]!);
    }
    const end = /^\s*\)\s*\]/.exec(this.#text.slice(this.#at));
    if (end === null) this.#fail("unterminated filter");
    this.#at += end[0].length;
    return each((value) => (Array.isArray(value) ? value.filter(test) : []));
  }

  #operand(): JsonPath {
    const rest = this.#text.slice(this.#at);
    const literal = /^\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?)|(true|false))/.exec(rest);
    if (literal !== null) {
      this.#at += literal[0].length;
      const [, double, single, number, boolean] = literal;
      const text = (double ?? single)?.replace(/\\(.)/g, "$1");
      const value = text ?? (number === undefined ? boolean === "true" : Number(number));
      return () => [value];
    }
    this.#at += /^\s*/.exec(rest)![0].length;
    if (!"@$.".includes(this.#text[this.#at] ?? " ")) this.#fail("invalid filter");
    const steps = this.steps(" )=!<>");
    return (root) => steps.reduce<unknown[]>((values, step) => step(values), [root]);
  }
}

function slicer([, from = "", to = "", by = ""]: RegExpExecArray, isSlice: boolean): (value: unknown) => unknown[] {
  return (value) => {
    if (!Array.isArray(value)) return [];
    const at = (text: string, otherwise: number) => {
      const number = text === "" ? otherwise : Number(text);
      return number < 0 ? number + value.length : number;
    };
    const start = at(from, 0);
    if (!isSlice) return start >= 0 && start < value.length ? [value[start]] : [];
    const step = by === "" ? 1 : Number(by);
    if (step <= 0) return [];
    return value.slice(Math.max(0, start), Math.max(0, at(to, value.length))).filter((_, i) => i % step === 0);
  };
}

function compare(left: unknown, right: unknown, operator: string): boolean {
  if (left === undefined || right === undefined) return false;
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint";
  const comparable = (isNumber(left) && isNumber(right)) || (typeof left === "string" && typeof right === "string");
  if (!comparable) return false;
  const [a, b] = [left as number, right as number];
  return operator === "<" ? a < b : operator === ">" ? a > b : operator === "<=" ? a <= b : a >= b;
}

/** A value as `kubectl` prints it: text as it is, everything else as JSON. */
export function printJsonPath(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  return typeof value === "string" ? value : writeJson(value);
}
