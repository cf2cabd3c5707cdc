/** The authentication group. */

import type { GroupOverlay } from "./rules.ts";

export const authenticationOverlay: GroupOverlay = {
  SelfSubjectReviewStatus: { userInfo: "zero" },
  TokenReviewStatus: { user: "zero" },
  TokenReviewSpec: { token: "pointer" },
  TokenRequestStatus: { token: "zero" },
};
