/** Evaluates a schema's rules on an object, within the budget of a request. Source: apiextensions-apiserver's schema/cel/validation.go. */

import type { ValidationRule } from "@kubets/api";
import {
  duplicate,
  type FieldError,
  FieldPath,
  forbiddenField,
  invalidOmitted,
  invalidValue,
  required,
} from "@kubets/apimachinery";
import { type Bindings, maxMessageExpressionBytes, Optional, type Program, runtimeCostBudget } from "@kubets/cel";
import { type Correlation, oldMapItem } from "./correlation.ts";
import { compileAhead, compileRuleSet, type RulePlace, type RuleProgram } from "./rule-compiler.ts";
import { isObject, type SchemaNode } from "./schema-node.ts";

/** The rules at and below a place; undefined when there are none. */
interface RuleNode {
  readonly node: SchemaNode;
  readonly programs: readonly RuleProgram[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly values: RuleNode | undefined;
  readonly items: RuleNode | undefined;
}

export interface RulesOptions {
  readonly budget?: number;
  /** Of the object as it was; faults of what did not change are warnings. */
  readonly correlation?: Correlation;
  warn?(text: string): void;
}

/** Which place can be compared to what it was: the nearest that can be, and the one above it. */
interface Ratchet {
  readonly current: Correlation | undefined;
  readonly parent: Correlation | undefined;
}

export interface RuleFaults {
  readonly errors: FieldError[];
  /** Negative when it was exceeded. */
  readonly remaining: number;
}

/** The rules of one schema. Compiled when first needed. */
export class Rules {
  readonly #root: RuleNode | undefined;

  constructor(node: SchemaNode, isResourceRoot = true) {
    this.#root = ruleNode(node, isResourceRoot);
  }

  /** As the constructor, with others' turns in between. */
  static async inSlices(node: SchemaNode): Promise<Rules> {
    const forget = await compileAhead(rulePlaces(node));
    try {
      return new Rules(node);
    } finally {
      forget();
    }
  }

  get empty(): boolean {
    return this.#root === undefined;
  }

  validate(object: unknown, old: unknown, at: FieldPath | undefined, options: RulesOptions = {}): RuleFaults {
    const run = new Run(options);
    const ratchet = { current: options.correlation, parent: undefined };
    if (this.#root !== undefined) run.visit(this.#root, object, old, at ?? new FieldPath(), ratchet);
    return { errors: run.errors, remaining: run.remaining };
  }
}

function* rulePlaces(node: SchemaNode, isResourceRoot = true): Generator<RulePlace> {
  if (node.schema["x-kubernetes-validations"] !== undefined) yield { schema: node.schema, isResourceRoot };
  for (const below of [...node.properties.values(), node.values, node.items])
    if (below !== undefined) yield* rulePlaces(below, below.embedded);
}

function ruleNode(node: SchemaNode, isResourceRoot: boolean): RuleNode | undefined {
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of node.properties) {
    const below = ruleNode(property, property.embedded);
    if (below !== undefined) properties.set(name, below);
  }
  const values = node.values === undefined ? undefined : ruleNode(node.values, node.values.embedded);
  const items = node.items === undefined ? undefined : ruleNode(node.items, node.items.embedded);
  const { programs } = compileRuleSet(node.schema, isResourceRoot);
  if (programs.length === 0 && properties.size === 0 && values === undefined && items === undefined) return undefined;
  return { node, programs, properties, values, items };
}

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

class Run {
  readonly errors: FieldError[] = [];
  remaining: number;
  readonly #warn: ((text: string) => void) | undefined;

  constructor({ budget = runtimeCostBudget, warn }: RulesOptions) {
    this.remaining = budget;
    this.#warn = warn;
  }

  visit(rules: RuleNode, value: unknown, old: unknown, at: FieldPath, ratchet: Ratchet): void {
    if (value === null || value === undefined) return;
    if (rules.programs.length > 0) this.#evaluateAll(rules, value, old ?? undefined, at, ratchet);
    if (this.remaining < 0) return;
    if (Array.isArray(value)) this.#items(rules, value, old, at, ratchet);
    else if (isObject(value)) this.#fields(rules, value, old, at, ratchet);
  }

  #items({ items, node }: RuleNode, list: readonly unknown[], old: unknown, at: FieldPath, ratchet: Ratchet): void {
    if (items === undefined) return;
    const { "x-kubernetes-list-type": type, "x-kubernetes-list-map-keys": keys = [] } = node.schema;
    const before = type === "map" && Array.isArray(old) ? old : [];
    for (const [i, item] of list.entries()) {
      const was = before.length === 0 ? undefined : oldMapItem(node, keys, before, item);
      this.visit(items, item, was, at.index(i), below(ratchet, ratchet.current?.index(i)));
      if (this.remaining < 0) return;
    }
  }

  #fields(rules: RuleNode, object: Record<string, unknown>, old: unknown, at: FieldPath, ratchet: Ratchet): void {
    if (rules.properties.size === 0 && rules.values === undefined) return;
    for (const [key, value] of Object.entries(object)) {
      const named = rules.properties.get(key);
      const target = named ?? (rules.node.properties.has(key) ? undefined : rules.values);
      if (target === undefined) continue;
      const was = isObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
      const place = named === undefined ? at.key(key) : at.child(key);
      this.visit(target, value, was, place, below(ratchet, ratchet.current?.key(key)));
      if (this.remaining < 0) return;
    }
  }

  #evaluateAll(rules: RuleNode, value: unknown, old: unknown, at: FieldPath, ratchet: Ratchet): void {
    const type = rules.node.schema.type ?? "";
    if (this.remaining <= 0) return this.#stop(at, type, outOfBudget);
    for (const compiled of rules.programs) {
      this.#evaluate(compiled, type, value, old, at, ratchet);
      if (this.remaining < 0) return;
    }
  }

  #stop(at: FieldPath, type: string, why: string): void {
    this.errors.push(invalidValue(placed(at), type, why));
    this.remaining = -1;
  }

  #evaluate(compiled: RuleProgram, type: string, value: unknown, old: unknown, at: FieldPath, ratchet: Ratchet): void {
    const { program, rule, error } = compiled;
    if (error !== undefined) this.errors.push(invalidValue(placed(at), type, `rule compile error: ${error}`));
    if (program === undefined) return;
    const optional = rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && old === undefined && !optional) return;
    const bindings = bindingsOf(value, old, optional);
    const result = program.evaluate(bindings);
    if (result.cost > this.remaining) return this.#stop(at, type, outOfBudget);
    this.remaining -= result.cost;
    if (result.error !== undefined) return this.#failed(result.error, rule, type, at);
    if (result.value === true) return;
    const detail = this.#detail(compiled, bindings, type, at);
    if (detail === undefined) return;
    const field = placed(compiled.fieldPath === "" ? at : at.child(compiled.fieldPath));
    const fault = faultFor(rule.reason, field, type === "object" || type === "array" ? undefined : value, detail);
    if (!compiled.usesOldSelf && isUnchanged(ratchet)) this.#warn?.(`${fault.field}: ${fault.message}`);
    else this.errors.push(fault);
  }

  #failed(
    { message, kind }: { readonly message: string; readonly kind: string },
    rule: ValidationRule,
    type: string,
    at: FieldPath,
  ): void {
    const about = rule.message?.trim() || rule.rule.trim();
    if (kind === "cost") {
      const why = `no further validation rules will be run due to call cost exceeds limit for rule: ${about}`;
      return this.#stop(at, type, `'${message}': ${why}`);
    }
    const overload = message.startsWith("no such overload");
    const text = overload
      ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${about}`
      : `${message} evaluating rule: ${about}`;
    this.errors.push(invalidValue(placed(at), type, text));
  }

  /** Why the object is refused; undefined when the run ended over it. */
  #detail({ message, rule }: RuleProgram, bindings: Bindings, type: string, at: FieldPath): string | undefined {
    const otherwise = rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
    return message === undefined ? otherwise : this.#messageOf(message, rule, bindings, type, at, otherwise);
  }

  #messageOf(
    program: Program,
    { messageExpression }: ValidationRule,
    bindings: Bindings,
    type: string,
    at: FieldPath,
    otherwise: string,
  ): string | undefined {
    const { cost, value, error } = program.evaluate(bindings);
    if (cost > this.remaining) {
      const why =
        "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
      this.#stop(at, type, why);
      return undefined;
    }
    if (error?.kind === "cost") {
      const quoted = JSON.stringify(messageExpression);
      const why = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${quoted}`;
      this.#stop(at, type, why);
      return undefined;
    }
    this.remaining -= cost;
    if (typeof value !== "string") return otherwise;
    const text = value.trim();
    const usable = text !== "" && !text.includes("\n") && Buffer.byteLength(text) <= maxMessageExpressionBytes;
    return usable ? text : otherwise;
  }
}

function bindingsOf(self: unknown, old: unknown, optional: boolean): Bindings {
  if (optional) return { self, oldSelf: old === undefined ? Optional.none : old };
  return old === undefined ? { self } : { self, oldSelf: old };
}

function below({ current, parent }: Ratchet, next: Correlation | undefined): Ratchet {
  return current === undefined ? { current, parent } : { current: next, parent: current };
}

function isUnchanged({ current, parent }: Ratchet): boolean {
  return (current ?? parent)?.unchanged === true;
}

/** Go's name of no path. */
function placed(at: FieldPath): FieldPath {
  return at.toString() === "" ? new FieldPath("<nil>") : at;
}

/** @param value undefined to be left out */
function faultFor(reason: string | undefined, at: FieldPath, value: unknown, detail: string): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return forbiddenField(at, detail);
    case "FieldValueRequired":
      return required(at, detail);
    case "FieldValueDuplicate":
      if (value !== undefined) return duplicate(at, value);
      return { type: "FieldValueDuplicate", field: at.toString(), message: "Duplicate value" };
    default:
      return value === undefined ? invalidOmitted(at, detail) : invalidValue(at, value, detail);
  }
}
