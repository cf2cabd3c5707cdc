/** Whether a rule allows a request, and whether rules cover a rule. Source: kubernetes' apis/rbac/v1/evaluation_helpers.go and component-helpers' auth/rbac/validation. */

import type { PolicyRule } from "@kubets/api";
import { pushAll } from "@kubets/apimachinery";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { urlMatches } from "./url-pattern.ts";

const all = "*";

export function ruleAllows(attributes: AuthorizationAttributes, rule: PolicyRule): boolean {
  const { verb, isResourceRequest, apiGroup, resource, subresource, name, path } = attributes;
  if (!includes(rule.verbs, verb)) return false;
  if (!isResourceRequest) return coversUrl(rule, path);
  return (
    includes(rule.apiGroups, apiGroup) &&
    resourceMatches(rule, resource, subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name))
  );
}

function includes(values: readonly string[] | undefined, wanted: string): boolean {
  return values !== undefined && (values.includes(wanted) || values.includes(all));
}

function resourceMatches({ resources = [] }: PolicyRule, resource: string, subresource: string): boolean {
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  if (includes(resources, combined)) return true;
  return subresource !== "" && resources.includes(`*/${subresource}`);
}

/** The parts of `wanted` that `owned` does not cover: one verb of one resource each. Empty when all is covered. */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakdown).filter((part) => !owned.some((rule) => covers(rule, part)));
}

/** One rule for each verb, group, resource and name. */
function breakdown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (!rule.resourceNames?.length) parts.push(part);
        else for (const name of rule.resourceNames) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? [])
    for (const verb of rule.verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
  return parts;
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  if (!part.verbs.every((verb) => includes(owner.verbs, verb))) return false;
  if (part.nonResourceURLs !== undefined) return part.nonResourceURLs.every((url) => coversUrl(owner, url));
  if (owner.resourceNames?.length) {
    if (!part.resourceNames?.every((name) => owner.resourceNames?.includes(name))) return false;
  }
  return (
    (part.apiGroups ?? []).every((group) => includes(owner.apiGroups, group)) &&
    (part.resources ?? []).every((resource) => coversResource(owner, resource))
  );
}

function coversResource({ resources = [] }: PolicyRule, resource: string): boolean {
  if (includes(resources, resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && resources.includes(`*${resource.slice(slash)}`);
}

function coversUrl({ nonResourceURLs = [] }: PolicyRule, url: string): boolean {
  return nonResourceURLs.some((owned) => urlMatches(owned, url));
}

/** Joins rules that differ only in their verbs. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames, rule.nonResourceURLs]);
    const found = compact.get(key);
    if (found === undefined) compact.set(key, { ...rule, verbs: [...rule.verbs] });
    else pushAll(found.verbs, rule.verbs);
  }
  return [...compact.values()];
}

/** As escalation errors print a rule: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function compactString(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  const texts = parts.flatMap(([name, values]) => (values?.length ? [`${name}:${quoteList(values)}`] : []));
  return `{${texts.join(", ")}}`;
}

/** A list of strings as Go's %q prints it. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
}
