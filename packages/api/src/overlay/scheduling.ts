/** The scheduling group. */

import type { GroupOverlay } from "./rules.ts";

export const schedulingOverlay: GroupOverlay = {
  PriorityClass: { value: "zero" },
};
