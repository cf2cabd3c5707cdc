/** Short ways to write down the default policy. Lists are words in one string; upstream sorts them, so they come out sorted. */

import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from "@kubets/api";

const group = "rbac.authorization.k8s.io";

export const read = "get list watch";
export const write = "create update patch delete deletecollection";
export const readWrite = `${read} ${write}`;
export const readUpdate = `${read} update patch`;

/** The core group in a list of groups. */
export const core = '""';

function words(text: string): string[] {
  return text
    .split(" ")
    .map((word) => (word === core ? "" : word))
    .sort();
}

/** @param names of objects, when the rule is for those alone */
export function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  const result: PolicyRule = { verbs: words(verbs), apiGroups: words(groups), resources: words(resources) };
  return names === undefined ? result : { ...result, resourceNames: words(names) };
}

export function urlRule(verbs: string, urls: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(urls) };
}

export function eventsRule(): PolicyRule {
  return rule("create update patch", `${core} events.k8s.io`, "events");
}

const defaults = {
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
};

const apiVersion = `${group}/v1`;

/** @param aggregatesTo the role that this one is a part of: `admin`, `edit`, `view` */
export function clusterRole(name: string, rules: PolicyRule[], aggregatesTo?: string): ClusterRole {
  const metadata = { name, ...defaults };
  if (aggregatesTo === undefined) return { kind: "ClusterRole", apiVersion, metadata, rules };
  const labels = { ...defaults.labels, ...aggregateLabel(aggregatesTo) };
  return { kind: "ClusterRole", apiVersion, metadata: { ...metadata, labels }, rules };
}

/** A role whose rules the aggregation controller fills in. */
export function aggregatedRole(name: string, aggregatesTo?: string): ClusterRole {
  const { rules: _none, ...role } = clusterRole(name, [], aggregatesTo);
  return { ...role, aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregateLabel(name) }] } };
}

function aggregateLabel(role: string): Record<string, string> {
  return { [`${group}/aggregate-to-${role}`]: "true" };
}

export const user = (name: string): Subject => ({ kind: "User", apiGroup: group, name });
export const userGroup = (name: string): Subject => ({ kind: "Group", apiGroup: group, name });
export const serviceAccount = (namespace: string, name: string): Subject => ({
  kind: "ServiceAccount",
  name,
  namespace,
});

export function clusterRoleBinding(role: string, ...subjects: Subject[]): ClusterRoleBinding {
  const roleRef = { apiGroup: group, kind: "ClusterRole", name: role };
  return { kind: "ClusterRoleBinding", apiVersion, metadata: { name: role, ...defaults }, roleRef, subjects };
}

export function namespacedRole(namespace: string, name: string, rules: PolicyRule[]): Role {
  return { kind: "Role", apiVersion, metadata: { namespace, name, ...defaults }, rules };
}

export function roleBinding(namespace: string, name: string, role: string, ...subjects: Subject[]): RoleBinding {
  const roleRef = { apiGroup: group, kind: "Role", name: role };
  return { kind: "RoleBinding", apiVersion, metadata: { namespace, name, ...defaults }, roleRef, subjects };
}
