/** The coordination group. */

import type { GroupOverlay } from "./rules.ts";

export const coordinationOverlay: GroupOverlay = {
  LeaseCandidateSpec: { strategy: "pointer" },
};
