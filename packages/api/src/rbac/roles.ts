/** Role and ClusterRole. Whether the writer may grant what they say is the API server's check, not the strategy's. */

import { type FieldError, nameIsPathSegment, path, required, validateLabelSelector } from "@kubets/apimachinery";
import { define } from "../define.ts";
import type { ClusterRole, Role } from "../generated/types.ts";
import { validateRules } from "./policy-rule.ts";

const group = "rbac.authorization.k8s.io";

const validateRole = (role: Role): FieldError[] => validateRules(role.rules, true);

export const roleDefinition = define<Role>(group, "v1", "roles", {
  strategy: {
    validateName: nameIsPathSegment,
    validate: validateRole,
    validateUpdate: validateRole,
    allowCreateOnUpdate: true,
  },
});

function validateClusterRole(role: ClusterRole): FieldError[] {
  const errors = validateRules(role.rules, false);
  if (role.aggregationRule === undefined) return errors;
  const at = path("aggregationRule.clusterRoleSelectors");
  const selectors = role.aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    errors.push(required(at, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  }
  return [...errors, ...selectors.flatMap((selector, index) => validateLabelSelector(selector, at.index(index)))];
}

export const clusterRoleDefinition = define<ClusterRole>(group, "v1", "clusterroles", {
  strategy: {
    validateName: nameIsPathSegment,
    validate: validateClusterRole,
    validateUpdate: validateClusterRole,
    allowCreateOnUpdate: true,
  },
});
