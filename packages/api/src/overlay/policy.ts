/** The policy group. */

import type { GroupOverlay } from "./rules.ts";

export const policyOverlay: GroupOverlay = {
  PodDisruptionBudgetSpec: { selector: "strategy=replace" },
  PodDisruptionBudgetStatus: { conditions: "map=type strategy=merge key=type" },
};
