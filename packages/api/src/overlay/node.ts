/** The node group. */

import type { GroupOverlay } from "./rules.ts";

export const nodeOverlay: GroupOverlay = {
  Overhead: { podFixed: "of=Quantity" },
  Scheduling: { nodeSelector: "atomic" },
};
