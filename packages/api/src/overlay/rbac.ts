/** The rbac group. */

import type { GroupOverlay } from "./rules.ts";

export const rbacOverlay: GroupOverlay = {
  RoleRef: { apiGroup: "zero", $self: "atomic" },
  Subject: { $self: "atomic" },
};
