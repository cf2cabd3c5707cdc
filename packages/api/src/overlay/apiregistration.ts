/** The apiregistration group. */

import type { GroupOverlay } from "./rules.ts";

export const apiregistrationOverlay: GroupOverlay = {
  APIServiceStatus: { conditions: "map=type strategy=merge key=type" },
};
