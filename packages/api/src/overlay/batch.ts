/** The batch group. */

import type { GroupOverlay } from "./rules.ts";

export const batchOverlay: GroupOverlay = {
  JobStatus: { conditions: "strategy=merge key=type" },
  PodFailurePolicyOnExitCodesRequirement: { values: "set" },
  PodFailurePolicyOnPodConditionsPattern: { status: "zero" },
  UncountedTerminatedPods: { failed: "set", succeeded: "set" },
};
