/** The variables of one request, and the evaluation of a policy's expressions within a budget. Source: apiserver's admission/plugin/cel/activation.go. */

import type { CelValue, Program } from "@kubets/cel";
import type { CompiledPolicy, NamedExpression } from "./compile-policy.ts";
import type { Cel } from "./environment.ts";
import type { Expression } from "./expression.ts";

export interface Evaluated {
  readonly value?: CelValue | undefined;
  readonly error?: string | undefined;
}

/** All that was allowed to be spent is spent: nothing more is evaluated. */
export class OutOfBudget extends Error {
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
    this.name = "OutOfBudget";
  }
}

export class Activation {
  readonly #cel: Cel;
  readonly #bindings: Readonly<Record<string, unknown>>;
  #variablesCost = 0;

  /** @param bindings all but `variables`, which are found out when they are first asked for */
  constructor(cel: Cel, policy: CompiledPolicy, bindings: Readonly<Record<string, unknown>>) {
    this.#cel = cel;
    const fields = new Map(policy.variables.map((variable) => [variable.name, this.#lazy(variable)]));
    const variables = new cel.LazyObject(policy.variablesType, fields);
    this.#bindings = { ...bindings, variables };
  }

  #lazy({ name, program, error }: NamedExpression): () => CelValue {
    let failure: string | undefined =
      error === undefined ? undefined : `composited variable "${name}" fails to compile: ${error}`;
    return () => {
      if (failure === undefined) {
        const result = program!.evaluateWithin(this.#bindings);
        this.#variablesCost += result.cost;
        if (result.error === undefined) return result.value;
        failure = `composited variable "${name}" fails to evaluate: ${result.error.message}`;
      }
      throw new this.#cel.CelError(failure);
    };
  }

  /**
   * All of them, in order. A missing one gives nothing.
   * @throws OutOfBudget
   */
  async evaluate(
    expressions: readonly (Expression | undefined)[],
    budget: number,
  ): Promise<{ results: readonly Evaluated[]; left: number }> {
    const results: Evaluated[] = [];
    let left = budget;
    for (const expression of expressions) {
      if (expression === undefined) results.push({});
      else if (expression.program === undefined) results.push({ error: `compilation error: ${expression.error}` });
      else {
        const { result, cost } = await this.#run(expression.program);
        if (cost > left) throw new OutOfBudget();
        left -= cost;
        results.push(result);
      }
    }
    return { results, left };
  }

  async #run(program: Program): Promise<{ result: Evaluated; cost: number }> {
    const running = program.evaluateMaybeAsync(this.#bindings);
    const { value, error, cost } = running instanceof Promise ? await running : running;
    const total = cost + this.#variablesCost;
    this.#variablesCost = 0;
    if (error === undefined) return { result: { value }, cost: total };
    return { result: { error: `expression '${program.source}' resulted in error: ${error.message}` }, cost: total };
  }
}
