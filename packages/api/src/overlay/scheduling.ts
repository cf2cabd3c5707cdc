/** The scheduling group. */

import type { GroupOverlay } from "./rules.ts";

export const schedulingOverlay: GroupOverlay = {
  PriorityClass: { value: "zero" },
  PodGroupSchedulingPolicy: { basic: "type=BasicSchedulingPolicy" },
  PodGroupSpec: { resourceClaims: "map=name strategy=merge,retainKeys key=name" },
  PodGroupStatus: {
    conditions: "map=type strategy=merge key=type",
    resourceClaimStatuses: "map=name strategy=merge,retainKeys key=name",
  },
  PodGroupTemplate: { resourceClaims: "map=name strategy=merge,retainKeys key=name" },
  WorkloadSpec: { podGroupTemplates: "map=name" },
};
