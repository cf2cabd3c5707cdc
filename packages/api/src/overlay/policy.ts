/** The policy group. */

import type { GroupOverlay } from "./rules.ts";

export const policyOverlay: GroupOverlay = {
  PodDisruptionBudgetSpec: { selector: "strategy=replace" },
  PodDisruptionBudgetStatus: {
    currentHealthy: "zero",
    desiredHealthy: "zero",
    disruptionsAllowed: "zero",
    expectedPods: "zero",
    conditions: "map=type strategy=merge key=type",
  },
};
