/** PodDisruptionBudget. */

import { type FieldError, invalidValue, path } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { PodDisruptionBudget } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

function validate({ spec = {} }: PodDisruptionBudget): FieldError[] {
  if (spec.minAvailable === undefined || spec.maxUnavailable === undefined) return [];
  return [invalidValue(path("spec"), spec, "minAvailable and maxUnavailable cannot be both set")];
}

export const podDisruptionBudgetDefinition = define<PodDisruptionBudget>("policy", "v1", "poddisruptionbudgets", {
  shortNames: ["pdb"],
  strategy: specStrategy<PodDisruptionBudget>(
    { validate, validateUpdate: validate, allowUnconditionalUpdate: false },
    { status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } },
  ),
  status: statusStrategy<PodDisruptionBudget>(),
  columns: [
    nameColumn,
    column("Min Available", (budget: PodDisruptionBudget) => String(budget.spec?.minAvailable ?? "N/A")),
    column("Max Unavailable", (budget: PodDisruptionBudget) => String(budget.spec?.maxUnavailable ?? "N/A")),
    column("Allowed Disruptions", (budget: PodDisruptionBudget) => budget.status?.disruptionsAllowed ?? 0, {
      type: "integer",
    }),
    ageColumn,
  ],
});
