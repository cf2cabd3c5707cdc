/** What a compiled expression can do: the contract between this package and its callers. */

import type { Type } from "./types.ts";
import type { CelValue } from "./value.ts";

/** One thing wrong with an expression. */
export interface Issue {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

export type CompileResult =
  | { readonly program: Program; readonly errors?: undefined; readonly message?: undefined }
  | {
      readonly program?: undefined;
      readonly errors: readonly Issue[];
      /** All errors as cel-go prints them, with the source's lines: what follows `compilation failed: ` in upstream's messages. */
      readonly message: string;
    };

/**
 * A variable's value: plain JSON (never copied or changed; adapted as the variable's declared type says, when it is read), one of this
 * package's values (an Authorizer, a Timestamp, a LazyObject), or undefined where the variable has none (of an optional type: `optional.none()`).
 */
export type Bindings = Readonly<Record<string, unknown>>;

export interface EvaluateOptions {
  /** Evaluation stops with `operation cancelled: actual cost limit exceeded` beyond it. Default `perCallLimit`. */
  readonly costLimit?: number;
}

export interface EvaluationError {
  /** As cel-go words it: `no such key: x`, `integer overflow`. */
  readonly message: string;
  /** `cost`: the limit was reached; the caller's budget is exhausted, and the rule is not to be tried again. */
  readonly kind: "evaluation" | "cost" | "internal";
}

export type EvaluationResult =
  | { readonly value: CelValue; readonly error?: undefined; readonly cost: number }
  | { readonly value?: undefined; readonly error: EvaluationError; readonly cost: number };

export interface CostRange {
  readonly min: number;
  readonly max: number;
}

export interface Program {
  readonly source: string;
  readonly resultType: Type;
  /** The variables the expression refers to: `uses.has("oldSelf")`. */
  readonly uses: ReadonlySet<string>;
  /** The least and most it may cost for values as large as the declared types allow. Saturates at 2^64. */
  estimateCost(): CostRange;
  /** Never throws. An authorizer whose answer is a promise is an error here. */
  evaluate(bindings: Bindings, options?: EvaluateOptions): EvaluationResult;
  /** As `evaluate`, for an expression within another's evaluation: @throws Suspended, which the outer one waits for and is begun again. */
  evaluateWithin(bindings: Bindings, options?: EvaluateOptions): EvaluationResult;
  /** As `evaluate`; a promise only when an authorizer check had to wait. */
  evaluateMaybeAsync(bindings: Bindings, options?: EvaluateOptions): EvaluationResult | Promise<EvaluationResult>;
}
