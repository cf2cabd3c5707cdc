/** matchConditions by @kubets/cel, which is loaded when a webhook that has them is first asked about. Source: apiserver's admission/plugin/cel. */

import type { MatchCondition } from "@kubets/api";
import type { Environment, Program } from "@kubets/cel";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { admissionEnvironment, type Cel, requestBindings } from "../cel/index.ts";
import type { CompileConditions, ConditionResult, Conditions } from "./conditions.ts";

export { objectBindings as bindingsOf, requestEnvironment as conditionEnvironment } from "../cel/index.ts";

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

export function conditionCompiler(authorizer: Authorizer): CompileConditions {
  return (conditions) => new CelConditions(conditions, authorizer);
}

interface Compiled {
  readonly cel: Cel;
  /** A text says why there is no program. */
  readonly programs: readonly (Program | string)[];
}

class CelConditions implements Conditions {
  readonly #conditions: readonly MatchCondition[];
  readonly #authorizer: Authorizer;
  #compiled: Promise<Compiled> | undefined;

  constructor(conditions: readonly MatchCondition[], authorizer: Authorizer) {
    this.#conditions = conditions;
    this.#authorizer = authorizer;
  }

  async evaluate(...[attributes, presented]: Parameters<Conditions["evaluate"]>): Promise<readonly ConditionResult[]> {
    this.#compiled ??= this.#compile();
    const { cel, programs } = await this.#compiled;
    const bindings = { ...requestBindings(cel, this.#authorizer, attributes, presented), namespaceObject: null };
    return await evaluateAll(programs, bindings, cel.matchConditionsCostBudget);
  }

  async #compile(): Promise<Compiled> {
    const cel = await import("@kubets/cel");
    const environment = admissionEnvironment(cel);
    return { cel, programs: this.#conditions.map(({ expression }) => compileCondition(cel, environment, expression)) };
  }
}

/** The program, or upstream's complaint about the expression. */
export function compileCondition(cel: Cel, environment: Environment, expression: string): Program | string {
  const result = cel.compile(expression, environment);
  if (result.program === undefined) return `compilation failed: ${result.message}`;
  const { resultType } = result.program;
  return resultType.kind === "bool" ? result.program : `must evaluate to bool but got ${cel.formatType(resultType)}`;
}

async function evaluateAll(
  programs: readonly (Program | string)[],
  bindings: Readonly<Record<string, unknown>>,
  budget: number,
): Promise<ConditionResult[]> {
  const results: ConditionResult[] = [];
  let left = budget;
  for (const program of programs) {
    if (typeof program === "string") {
      results.push({ value: undefined, error: `compilation error: ${program}` });
      continue;
    }
    if (left <= 0) return [...results, { value: undefined, error: outOfBudget }];
    const { value, error, cost } = await program.evaluateMaybeAsync(bindings, { costLimit: left });
    left -= cost;
    if (error === undefined && typeof value === "boolean") results.push({ value });
    else if (error?.kind === "cost") return [...results, { value: undefined, error: outOfBudget }];
    else {
      const why = error?.message ?? "result is not a boolean";
      results.push({ value: undefined, error: `expression '${program.source}' resulted in error: ${why}` });
    }
  }
  return results;
}
