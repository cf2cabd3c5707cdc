/** The RBAC authorizer. Source: kubernetes' auth/authorizer/rbac. */

import type { Authorizer, NonResourceRule, ResourceRule } from "./authorizer.ts";
import type { RbacIndex } from "./rbac-index.ts";
import { ruleAllows } from "./rules.ts";
import { aggregate } from "./union.ts";

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  return {
    authorize(attributes) {
      const errors: string[] = [];
      for (const visited of index.rulesFor(attributes.user, attributes.namespace)) {
        if ("error" in visited) errors.push(visited.error.message);
        else if (ruleAllows(attributes, visited.rule))
          return { decision: "Allow", reason: `RBAC: allowed by ${visited.source()}` };
      }
      return { decision: "NoOpinion", reason: errors.length === 0 ? "" : `RBAC: ${aggregate(errors)}` };
    },
    rulesFor(user, namespace) {
      const resourceRules: ResourceRule[] = [];
      const nonResourceRules: NonResourceRule[] = [];
      const errors: string[] = [];
      for (const visited of index.rulesFor(user, namespace)) {
        if ("error" in visited) {
          errors.push(visited.error.message);
          continue;
        }
        const { verbs, apiGroups = [], resources, resourceNames, nonResourceURLs } = visited.rule;
        if (resources?.length)
          resourceRules.push({ verbs, apiGroups, resources, ...(resourceNames?.length ? { resourceNames } : {}) });
        if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs });
      }
      const error = errors.length === 0 ? {} : { error: aggregate(errors) };
      return { resourceRules, nonResourceRules, incomplete: false, ...error };
    },
  };
}
