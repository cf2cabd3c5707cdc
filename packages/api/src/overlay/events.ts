/** The events group. */

import type { GroupOverlay } from "./rules.ts";

export const eventsOverlay: GroupOverlay = {
  Event: { deprecatedSource: "zero", regarding: "zero" },
};
