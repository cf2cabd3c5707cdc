/** What the rules of a schema may cost together, estimated when they are written. Source: apiextensions' validation/cel_validation.go. */

import type { FieldError, FieldPath } from "@kubets/apimachinery";
import type { JSONSchemaProps, PatternCheck } from "./structural-schema.ts";

/** The most one expression may be estimated to cost, and all of a schema. */
export const perExpressionCostLimit = 10_000_000;
export const perSchemaCostLimit = 100_000_000;
/** Go's math.MaxUint64, where estimates saturate. */
const saturated = 2 ** 64;

export interface CompiledRule {
  /** Why it cannot be compiled, as upstream words it. */
  readonly error?: string;
  /** There are no rules of values that have no type. */
  readonly isUntyped?: boolean;
  readonly messageError?: string;
  readonly maxCost: number;
  /** How often it could be evaluated where the schema sets no bounds. */
  readonly maxCardinality: number;
  readonly messageMaxCost?: number;
  readonly usesOldSelf: boolean;
}

/** What this package cannot do itself: regular expressions, validation of values, and CEL. */
export interface SchemaChecks {
  readonly patternFault: PatternCheck;
  /** Defaults fit their schemas and hold nothing unknown. The schema is structural. */
  validateDefaults(schema: JSONSchemaProps, at: FieldPath, requirePruned: boolean): FieldError[];
  /** Whether pruning would change a default. The schema is structural. */
  hasUnprunedDefaults(schema: JSONSchemaProps): boolean;
  /** One result for each of the schema's own `x-kubernetes-validations`. */
  compileRules(schema: JSONSchemaProps, isResourceRoot: boolean): CompiledRule[];
}

export interface ExpensiveRule {
  readonly path: FieldPath;
  readonly cost: number;
}

/** The sum over a schema, and the rules that make most of it. */
class TotalCost {
  #total = 0;
  #expensive: ExpensiveRule[] = [];

  get total(): number {
    return this.#total;
  }

  /** Up to four, each worth a hundredth of the limit or more. */
  get mostExpensive(): readonly ExpensiveRule[] {
    return this.#expensive;
  }

  observe(path: FieldPath, cost: number): void {
    this.#total = Math.min(saturated, this.#total + cost);
    if (cost < perSchemaCostLimit / 100) return;
    this.#expensive = [...this.#expensive, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4);
  }
}

/** How often a place of a schema can occur in one object. */
export class RuleContext {
  readonly total: TotalCost;
  readonly isRoot: boolean;
  readonly #schema: JSONSchemaProps;
  /** Infinite when nothing bounds it. */
  readonly #cardinality: number;

  constructor(schema: JSONSchemaProps, total = new TotalCost(), cardinality = 1, isRoot = true) {
    this.#schema = schema;
    this.total = total;
    this.#cardinality = cardinality;
    this.isRoot = isRoot;
  }

  below(part: JSONSchemaProps): RuleContext {
    const most = elementsOf(this.#schema) ?? Number.POSITIVE_INFINITY;
    const bounded = Number.isFinite(most) && Number.isFinite(this.#cardinality);
    const cardinality = bounded ? multiply(this.#cardinality, most) : Number.POSITIVE_INFINITY;
    return new RuleContext(part, this.total, cardinality, false);
  }

  costOf(maxCost: number, maxCardinality: number): number {
    return multiply(maxCost, Number.isFinite(this.#cardinality) ? this.#cardinality : maxCardinality);
  }
}

function multiply(a: number, b: number): number {
  return a === 0 ? 0 : Math.min(saturated, a * b);
}

/** By how much a schema multiplies what is below it; undefined when it sets no bound. */
function elementsOf(schema: JSONSchemaProps): number | undefined {
  const most = (bound: number | undefined) => (bound === undefined ? undefined : Math.max(0, Number(bound)));
  if (schema.type === "array") return most(schema.maxItems);
  return schema.type === "object" && schema.additionalProperties !== undefined ? most(schema.maxProperties) : 1;
}
