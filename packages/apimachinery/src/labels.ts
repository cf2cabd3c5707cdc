/**
 * Label selectors: their text (`app=web,tier in (a,b),!old`), metav1.LabelSelector, and matching.
 * Grammar, rules and texts of errors: apimachinery's labels package. Selectors are immutable.
 */

import { lexSelector, type SelectorToken } from "./label-lexer.ts";
import { isQualifiedName, isValidLabelValue } from "./names.ts";

/** As a selector's text has them; `==` is another way to write `=`, and `exists` is a key alone. */
export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** One term of a selector. `values` is empty for `exists` and `!`, and has one for all but `in` and `notin`. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** metav1.LabelSelector. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

/** metav1.LabelSelectorRequirement: `operator` is In, NotIn, Exists or DoesNotExist. */
export interface LabelSelectorRequirement {
  key: string;
  operator: string;
  values?: string[];
}

/** A selector that cannot be: the message is upstream's. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

/** Requirements on labels, all of which must hold; without any it matches everything. */
export class Selector {
  /** Sorted by key. All must hold. Use them to choose an index. */
  readonly requirements: readonly LabelRequirement[];
  /** Matches nothing whatever the labels: a nil LabelSelector. */
  readonly matchesNothing: boolean;

  constructor(requirements: readonly LabelRequirement[], matchesNothing = false) {
    this.requirements = [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.matchesNothing = matchesNothing;
  }

  /** True when it restricts nothing. */
  get empty(): boolean {
    return !this.matchesNothing && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.matchesNothing) return false;
    for (const requirement of this.requirements) if (!requirementMatches(requirement, labels)) return false;
    return true;
  }

  /** The one value `key` must have, when there is exactly one. */
  requiresExactMatch(key: string): string | undefined {
    const found = this.requirements.find((r) => r.key === key);
    const exact = found !== undefined && ["=", "==", "in"].includes(found.operator) && found.values.length === 1;
    return exact ? found.values[0] : undefined;
  }

  /** A selector that asks for these too. */
  and(...more: readonly LabelRequirement[]): Selector {
    return this.matchesNothing ? this : new Selector([...this.requirements, ...more]);
  }

  toString(): string {
    return this.requirements.map(formatRequirement).join(",");
  }
}

/** Chooses whatever the labels: an empty LabelSelector. */
export const everything = new Selector([]);
/** Chooses nothing: a LabelSelector that is left out. */
export const nothing = new Selector([], true);

/** True when the labels satisfy one requirement. `notin` and `!=` hold for a missing key. */
function requirementMatches(requirement: LabelRequirement, labels: Labels | undefined): boolean {
  const { key, operator, values } = requirement;
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
    case "lt":
      return value !== undefined && compareIntegers(operator, value, values[0]);
  }
}

function parseInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function compareIntegers(operator: "gt" | "lt", value: string, bound: string | undefined): boolean {
  const left = parseInt64(value);
  const right = parseInt64(bound);
  if (left === undefined || right === undefined) return false;
  return operator === "gt" ? left > right : left < right;
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = [...values].sort().join(",");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${list})`;
    case "gt":
      return `${key}>${list}`;
    case "lt":
      return `${key}<${list}`;
    default:
      return `${key}${operator}${list}`;
  }
}

/** A requirement that has been checked. @throws SelectorError */
export function newRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const problems: string[] = [];
  const keyProblems = isQualifiedName(key);
  if (keyProblems.length > 0) problems.push(`key: Invalid value: ${JSON.stringify(key)}: ${keyProblems.join("; ")}`);
  const shape = shapeProblem(operator, values);
  if (shape !== undefined) problems.push(`values: Invalid value: ${JSON.stringify(values)}: ${shape}`);
  for (const [i, value] of values.entries()) {
    if ((operator === "gt" || operator === "lt") && parseInt64(value) === undefined) {
      problems.push(
        `values[${i}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    }
    const valueProblems = isValidLabelValue(value);
    if (valueProblems.length > 0) {
      problems.push(`values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueProblems.join("; ")}`);
    }
  }
  if (problems.length > 0) throw new SelectorError(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
  return { key, operator, values };
}

function shapeProblem(operator: LabelOperator, values: readonly string[]): string | undefined {
  switch (operator) {
    case "in":
    case "notin":
      return values.length > 0 ? undefined : "for 'in', 'notin' operators, values set can't be empty";
    case "=":
    case "==":
    case "!=":
      return values.length === 1 ? undefined : "exact-match compatibility requires one single value";
    case "exists":
    case "!":
      return values.length === 0 ? undefined : "values set must be empty for exists and does not exist";
    case "gt":
    case "lt":
      return values.length === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
  }
}

/** Parses a selector's text; "" is everything. @throws SelectorError with upstream's text. */
export function parseSelector(text: string): Selector {
  if (text === "") return everything;
  return new Selector(new SelectorParser(text).parse());
}

const operatorTokens = new Map<string, LabelOperator>([
  ["in", "in"],
  ["notin", "notin"],
  ["=", "="],
  ["==", "=="],
  ["!=", "!="],
  [">", "gt"],
  ["<", "lt"],
]);

class SelectorParser {
  readonly #tokens: SelectorToken[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = lexSelector(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.type === "end") return requirements;
      if (!startsRequirement(token)) {
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#wrapped());
      const separator = this.#next();
      if (separator.type === "end") return requirements;
      if (separator.type !== ",") {
        throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`);
      }
      const following = this.#peek();
      if (!startsRequirement(following)) {
        throw new SelectorError(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #wrapped(): LabelRequirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#next();
    const negated = token.type === "!";
    if (negated) token = this.#next();
    if (token.type !== "identifier") throw new SelectorError(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const problems = isQualifiedName(key);
    if (problems.length > 0) {
      throw new SelectorError(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join("; ")}`);
    }
    if (negated) return newRequirement(key, "!", []);
    const after = this.#peek();
    if (after.type === "end" || after.type === ",") return newRequirement(key, "exists", []);
    const operator = this.#operator();
    const values = operator === "in" || operator === "notin" ? this.#valueSet() : this.#exactValue();
    return newRequirement(key, operator, values);
  }

  #operator(): LabelOperator {
    const token = this.#next();
    const operator = operatorTokens.get(token.text);
    if (operator === undefined) {
      throw new SelectorError(`found '${token.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    return operator;
  }

  #exactValue(): string[] {
    const token = this.#peek();
    if (token.type === "end" || token.type === ",") return [""];
    this.#position++;
    if (token.type !== "identifier") throw new SelectorError(`found '${token.text}', expected: identifier`);
    return [token.text];
  }

  /** `(a,b)`. Missing identifiers are empty values: `(,a)`, `()`. */
  #valueSet(): string[] {
    const open = this.#next();
    if (open.type !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const token = this.#peek();
      if (token.type === "identifier") {
        values.add(token.text);
        this.#position++;
      } else if (token.type === "," || token.type === ")") {
        values.add("");
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', ')' or identifier`);
      }
      const separator = this.#next();
      if (separator.type === ")") return [...values].sort();
      if (separator.type !== ",") throw new SelectorError(`found '${separator.text}', expected: ',' or ')'`);
    }
  }

  #peek(): SelectorToken {
    return this.#tokens[Math.min(this.#position, this.#tokens.length - 1)]!;
  }

  #next(): SelectorToken {
    const token = this.#peek();
    this.#position++;
    return token;
  }
}

function startsRequirement(token: SelectorToken): boolean {
  return token.type === "identifier" || token.type === "!";
}

/** The selector that wants exactly these labels; everything for none. Does not check them. */
export function selectorFromSet(labels: Labels | undefined): Selector {
  const entries = Object.entries(labels ?? {});
  return new Selector(entries.map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

const selectorOperators = new Map<string, LabelOperator>([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
]);

/**
 * A metav1.LabelSelector as a selector: undefined matches nothing, an empty one matches everything.
 * @throws SelectorError
 */
export function selectorFromLabelSelector(selector: LabelSelector | undefined | null): Selector {
  if (selector === undefined || selector === null) return nothing;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    requirements.push(newRequirement(key, "=", [value]));
  }
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = selectorOperators.get(operator);
    if (known === undefined) {
      throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    }
    requirements.push(newRequirement(key, known, values ?? []));
  }
  return requirements.length === 0 ? everything : new Selector(requirements);
}

/** As `kubectl` prints a LabelSelector in a column: `<none>` for undefined or empty, `<error>` when it cannot be. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  try {
    const text = selectorFromLabelSelector(selector).toString();
    return text === "" ? "<none>" : text;
  } catch {
    // Upstream prints this instead of failing a whole table.
    return "<error>";
  }
}
