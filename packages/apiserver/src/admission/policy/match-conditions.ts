/** Whether a policy's matchConditions hold. Source: apiserver's admission/plugin/webhook/matchconditions. */

import { messageOf } from "@kubets/apimachinery";
import { aggregateText } from "../errors.ts";
import type { Activation } from "./activation.ts";
import type { Expression } from "./expression.ts";

/** Upstream's RuntimeCELCostBudgetMatchConditions. */
const budget = 2_500_000;

/** `error` where that cannot be said; a condition that is false says no, whatever became of the others. */
export async function conditionsMatch(
  conditions: readonly Expression[],
  activation: () => Activation,
  failurePolicy: string | undefined,
): Promise<{ readonly matches: boolean; readonly error?: string }> {
  if (conditions.length === 0) return { matches: true };
  const failed = (error: string) => (failurePolicy === "Ignore" ? { matches: false } : { matches: false, error });
  try {
    const { results } = await activation().evaluate(conditions, budget);
    if (results.some(({ value }) => value === false)) return { matches: false };
    const errors = results.flatMap(({ error }) => (error === undefined ? [] : [error]));
    return errors.length === 0 ? { matches: true } : failed(aggregateText(errors));
  } catch (error) {
    return failed(messageOf(error));
  }
}
