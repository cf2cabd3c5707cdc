/** The rbac group. */

import type { GroupOverlay } from "./rules.ts";

export const rbacOverlay: GroupOverlay = {
  RoleRef: { $self: "atomic" },
  Subject: { $self: "atomic" },
};
