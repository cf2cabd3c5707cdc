/** PodDisruptionBudget. */

import {
  type FieldError,
  invalidValue,
  notSupported,
  path,
  pushAll,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { atMost100Percent, validateIntOrPercent } from "../apps/workload-validation.ts";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateConditions } from "../core/condition-validation.ts";
import { nonNegative } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { PodDisruptionBudget } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

const evictionPolicies = ["AlwaysAllow", "IfHealthyBudget"];

function validate({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const at = path("spec");
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalidValue(at, spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    if (spec[field] === undefined) continue;
    pushAll(errors, [
      ...validateIntOrPercent(spec[field], at.child(field)),
      ...atMost100Percent(spec[field], at.child(field)),
    ]);
  }
  pushAll(errors, validateLabelSelector(spec.selector, at.child("selector")));
  const policy = spec.unhealthyPodEvictionPolicy;
  if (policy !== undefined && !evictionPolicies.includes(policy)) {
    errors.push(notSupported(at.child("unhealthyPodEvictionPolicy"), policy, evictionPolicies));
  }
  return errors;
}

const counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const;

function validateStatus({ status }: PodDisruptionBudget): FieldError[] {
  const at = path("status");
  return [
    ...validateConditions(status?.conditions, at.child("conditions")),
    ...counts.flatMap((field) => nonNegative(at.child(field), status?.[field])),
  ];
}

export const podDisruptionBudgetDefinition = define<PodDisruptionBudget>("policy", "v1", "poddisruptionbudgets", {
  shortNames: ["pdb"],
  strategy: specStrategy<PodDisruptionBudget>(
    { validate, validateUpdate: validate, allowUnconditionalUpdate: false },
    { status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } },
  ),
  status: statusStrategy<PodDisruptionBudget>({ validate: validateStatus }),
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
