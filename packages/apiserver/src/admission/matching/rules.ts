/** Rules that say which requests a webhook or a policy is about. Source: apiserver's admission/plugin/webhook/predicates/rules. */

import type { NamedRuleWithOperations, ResourceDefinition } from "@kubets/api";
import type { AdmissionOperation } from "../plugin.ts";

/** `apiGroups`, `apiVersions`, `operations`, `resources` and `scope`; `resourceNames` where the kind has them. */
export type Rule = NamedRuleWithOperations;

/** What of a request rules look at: the same for all requests of one kind. */
export interface RequestKind {
  readonly definition: ResourceDefinition;
  readonly operation: AdmissionOperation;
  /** "" for the resource itself. */
  readonly subresource: string;
}

/** Everything but `resourceNames`. */
export function ruleMatches(rule: Rule, { definition, operation, subresource }: RequestKind): boolean {
  const { group, version, plural, namespaced } = definition;
  return (
    scopeMatches(rule.scope, namespaced) &&
    includes(rule.operations, operation) &&
    includes(rule.apiGroups, group) &&
    includes(rule.apiVersions, version) &&
    (rule.resources ?? []).some((wanted) => resourceMatches(wanted, plural, subresource))
  );
}

function includes(wanted: readonly string[] = [], value: string): boolean {
  return wanted.includes("*") || wanted.includes(value);
}

function scopeMatches(scope: string | undefined, namespaced: boolean): boolean {
  if (scope === undefined || scope === "*") return true;
  return scope === (namespaced ? "Namespaced" : "Cluster");
}

/** `pods`, `pods/*`, `pods/exec`, `*` (no subresources), `*` + `/scale`, and both. */
function resourceMatches(wanted: string, plural: string, subresource: string): boolean {
  const slash = wanted.indexOf("/");
  const resource = slash < 0 ? wanted : wanted.slice(0, slash);
  const sub = slash < 0 ? "" : wanted.slice(slash + 1);
  return (resource === "*" || resource === plural) && (sub === "*" || sub === subresource);
}

const configurationKinds = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
]);

/** What configures admission is not subject to it: a broken webhook could not be removed otherwise. */
export function isExempt({ group, kind }: ResourceDefinition): boolean {
  return group === "admissionregistration.k8s.io" && configurationKinds.has(kind);
}
