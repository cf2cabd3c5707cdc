/** A policy, asked about requests. The first rule that matches decides. Source: apiserver's pkg/audit/policy/checker.go. */

import type { UserInfo } from "../authentication/authenticator.ts";
import { urlMatches } from "../authorization/url-pattern.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { GroupResources, Level, Policy, PolicyRule, Stage } from "./policy.ts";

/** What is recorded of one request. Shared by all requests of a rule. */
export interface Decision {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

type Matches = (user: UserInfo | undefined, info: RequestInfo) => boolean;

export class PolicyEvaluator {
  readonly #rules: readonly { readonly matches: Matches; readonly decision: Decision }[];
  readonly #otherwise: Decision;

  constructor({ rules = [], omitStages = [], omitManagedFields = false }: Policy) {
    this.#rules = rules.map((rule) => ({
      matches: matcherOf(rule),
      decision: {
        level: rule.level,
        omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
      },
    }));
    this.#otherwise = { level: "None", omitStages: new Set(omitStages), omitManagedFields };
  }

  /** @param user who is authenticated, before any impersonation; undefined when nobody is */
  evaluate(user: UserInfo | undefined, info: RequestInfo): Decision {
    for (const { matches, decision } of this.#rules) if (matches(user, info)) return decision;
    return this.#otherwise;
  }
}

/** What a rule says nothing about is not asked. */
function matcherOf(rule: PolicyRule): Matches {
  const checks: Matches[] = [];
  const { users = [], userGroups = [], verbs = [], resources = [], namespaces = [], nonResourceURLs = [] } = rule;
  if (users.length > 0) {
    const names = new Set(users);
    checks.push((user) => user !== undefined && names.has(user.name));
  }
  if (userGroups.length > 0) {
    const groups = new Set(userGroups);
    checks.push((user) => user?.groups?.some((group) => groups.has(group)) === true);
  }
  if (verbs.length > 0) {
    const wanted = new Set<string>(verbs);
    checks.push((_user, { verb }) => wanted.has(verb));
  }
  if (resources.length > 0 || namespaces.length > 0) checks.push(resourceMatcher(resources, new Set(namespaces)));
  else if (nonResourceURLs.length > 0)
    checks.push((_user, info) => !info.isResourceRequest && nonResourceURLs.some((url) => urlMatches(url, info.path)));
  return (user, info) => checks.every((check) => check(user, info));
}

function resourceMatcher(resources: readonly GroupResources[], namespaces: ReadonlySet<string>): Matches {
  return (_user, info) => {
    if (!info.isResourceRequest) return false;
    if (namespaces.size > 0 && !namespaces.has(info.namespace)) return false;
    return resources.length === 0 || resources.some((each) => groupMatches(each, info));
  };
}

function groupMatches({ group = "", resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== "*" && group !== info.apiGroup) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  return resources.some((wanted) => resourceMatches(wanted, info));
}

function resourceMatches(wanted: string, { resource, subresource }: RequestInfo): boolean {
  if (wanted === "*" || wanted === (subresource === "" ? resource : `${resource}/${subresource}`)) return true;
  if (subresource !== "" && wanted.startsWith("*/") && wanted.slice(2) === subresource) return true;
  return wanted.endsWith("/*") && wanted.slice(0, -2) === resource;
}
