/** Which flow schema a request belongs to. Source: apiserver's util/flowcontrol/match.go. */

import type {
  FlowcontrolSubject,
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from "@kubets/api";
import type { UserInfo } from "../authentication/authenticator.ts";
import { splitServiceAccountUsername } from "../authentication/users.ts";
import type { RequestInfo } from "../request/request-info.ts";

/** In the order they are tried: by precedence, then by name. */
export function inOrder(schemas: Iterable<FlowSchema>): FlowSchema[] {
  return [...schemas].sort((a, b) => {
    const difference = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0);
    if (difference !== 0) return difference;
    return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
  });
}

/** What of a schema's rules concerns the user; most requests are then decided without looking further. */
export interface UserRules {
  /** Every request about a resource, or every one that is not, matches. */
  readonly allResources: boolean;
  readonly allPaths: boolean;
  readonly resourceRules: readonly ResourcePolicyRule[];
  readonly pathRules: readonly NonResourcePolicyRule[];
}

/** Undefined when no rule of the schema has the user among its subjects. */
export function rulesForUser(schema: FlowSchema, user: UserInfo): UserRules | undefined {
  const rules = (schema.spec?.rules ?? []).filter(({ subjects }) => subjects.some((each) => isSubject(each, user)));
  if (rules.length === 0) return undefined;
  const all = <T>(of: (rule: PolicyRulesWithSubjects) => T[] | undefined) => rules.flatMap((rule) => of(rule) ?? []);
  const resourceRules = all((rule) => rule.resourceRules);
  const pathRules = all((rule) => rule.nonResourceRules);
  return {
    resourceRules,
    pathRules,
    allResources: resourceRules.some(
      ({ verbs, apiGroups, resources, namespaces = [], clusterScope }) =>
        any(verbs) && any(apiGroups) && any(resources) && any(namespaces) && clusterScope === true,
    ),
    allPaths: pathRules.some(({ verbs, nonResourceURLs }) => any(verbs) && any(nonResourceURLs)),
  };
}

function any(list: readonly string[]): boolean {
  return list.includes("*");
}

function isSubject({ kind, user: named, group, serviceAccount }: FlowcontrolSubject, user: UserInfo): boolean {
  switch (kind) {
    case "User":
      return named?.name === "*" || named?.name === user.name;
    case "Group":
      return group?.name === "*" || (group !== undefined && user.groups.includes(group.name));
    case "ServiceAccount": {
      const account = splitServiceAccountUsername(user.name);
      if (account === undefined || serviceAccount === undefined) return false;
      if (serviceAccount.namespace !== account.namespace) return false;
      return serviceAccount.name === "*" || serviceAccount.name === account.name;
    }
    default:
      return false;
  }
}

export function matches(rules: UserRules, info: RequestInfo): boolean {
  if (info.isResourceRequest)
    return rules.allResources || rules.resourceRules.some((rule) => matchesResource(rule, info));
  return rules.allPaths || rules.pathRules.some((rule) => matchesPath(rule, info));
}

function matchesResource(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  const { verb, apiGroup, resource, subresource, namespace } = info;
  if (!has(rule.verbs, verb) || !has(rule.apiGroups, apiGroup)) return false;
  if (!has(rule.resources, subresource === "" ? resource : `${resource}/${subresource}`)) return false;
  if (namespace === "") return rule.clusterScope === true;
  return has(rule.namespaces ?? [], namespace);
}

function has(list: readonly string[], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function matchesPath({ verbs, nonResourceURLs }: NonResourcePolicyRule, { verb, path }: RequestInfo): boolean {
  if (!has(verbs, verb)) return false;
  return nonResourceURLs.some((url) => {
    if (url === "*" || url === path) return true;
    // As upstream: with or without a star, a path stands for all that is below it.
    const prefix = url.replace(/\*$/, "");
    return path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
  });
}
