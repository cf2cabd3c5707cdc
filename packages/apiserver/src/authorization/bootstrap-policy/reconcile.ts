/**
 * Puts the default policy in place at start: what is missing is made, what has lost rules or subjects gets them back, what was added stays.
 * An annotation `rbac.authorization.kubernetes.io/autoupdate: "false"` keeps an object as it is. Source: kubernetes' registry/rbac/rest and reconciliation.
 */

import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type Resource,
  type Role,
  type RoleBinding,
  roleBindings,
  roles,
  type Subject,
} from "@kubets/api";
import { deepEqual, isAlreadyExists, isConflict, type KubeObject } from "@kubets/apimachinery";
import { compactRules, uncovered } from "../rules.ts";
import { componentBindings, componentRoles } from "./component-roles.ts";
import { controllerBindings, controllerRoles } from "./controller-roles.ts";
import { namespaceBindings, namespaceRoles } from "./namespace-roles.ts";
import { userRoles } from "./user-roles.ts";

/** How the policy is written; as somebody in `system:masters`. Errors are StatusErrors. */
export interface PolicyWriter {
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>;
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<unknown>;
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<unknown>;
  delete<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<unknown>;
}

type AnyRole = ClusterRole | Role;
type AnyBinding = ClusterRoleBinding | RoleBinding;

const autoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
const attempts = 3;

/** The namespaces `kube-system` and `kube-public` must be there. */
export async function reconcileBootstrapPolicy(writer: PolicyWriter): Promise<void> {
  const wantedRoles = [...componentRoles(), ...userRoles(), ...controllerRoles()];
  const wantedBindings = [...componentBindings(), ...controllerBindings()];
  await Promise.all([
    ...wantedRoles.map((role) => ensure(writer, clusterRoles, role, reconciledRole)),
    ...wantedBindings.map((binding) => ensure(writer, clusterRoleBindings, binding, reconciledBinding)),
    ...namespaceRoles().map((role) => ensure(writer, roles, role, reconciledRole)),
    ...namespaceBindings().map((binding) => ensure(writer, roleBindings, binding, reconciledBinding)),
  ]);
}

/** What must become of what is there: undefined, nothing; "replace", made anew; else the new object. */
type Reconcile<T> = (found: T, wanted: T) => T | "replace" | undefined;

async function ensure<T extends KubeObject>(
  writer: PolicyWriter,
  resource: Resource<T>,
  wanted: T,
  reconcile: Reconcile<T>,
): Promise<void> {
  const { namespace = "", name = "" } = wanted.metadata ?? {};
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await writer.get(resource, namespace, name);
      if (found === undefined) return void (await writer.create(resource, wanted));
      if (found.metadata?.annotations?.[autoUpdate] === "false") return;
      const next = reconcile(found, wanted);
      if (next === undefined) return;
      if (next !== "replace") return void (await writer.update(resource, next));
      await writer.delete(resource, namespace, name);
      return void (await writer.create(resource, wanted));
    } catch (error) {
      // Another API server, or a user, was at it in the meantime: look again.
      if (attempt === attempts || !(isConflict(error) || isAlreadyExists(error))) throw error;
    }
  }
}

/** @internal exported for its test */
function reconciledRole<T extends AnyRole>(found: T, wanted: T): T | undefined {
  const [role, want]: [ClusterRole, ClusterRole] = [found, wanted];
  const next: ClusterRole = { ...withMetadata(role, want) };
  if (want.aggregationRule === undefined) {
    const missing = compactRules(uncovered(role.rules ?? [], want.rules ?? []));
    if (missing.length > 0) next.rules = [...(role.rules ?? []), ...missing];
  } else {
    // Rules of an aggregated role are the controller's; only its selectors are ours.
    const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
    const missing = (want.aggregationRule.clusterRoleSelectors ?? []).filter(
      (selector) => !selectors.some((other) => deepEqual(other, selector)),
    );
    if (missing.length > 0) next.aggregationRule = { clusterRoleSelectors: [...selectors, ...missing] };
  }
  return deepEqual(next, role) ? undefined : (next as T);
}

/** @internal exported for its test */
function reconciledBinding<T extends AnyBinding>(found: T, wanted: T): T | "replace" | undefined {
  if (!deepEqual(found.roleRef, wanted.roleRef)) return "replace";
  const subjects = found.subjects ?? [];
  const missing = (wanted.subjects ?? []).filter((subject) => !subjects.some((other) => sameSubject(other, subject)));
  const next = { ...withMetadata(found, wanted) };
  if (missing.length > 0) next.subjects = [...subjects, ...missing];
  return deepEqual(next, found) ? undefined : next;
}

function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.name === b.name && (a.namespace ?? "") === (b.namespace ?? "");
}

/** Labels and annotations that are missing come back; others, and other values, stay. */
function withMetadata<T extends KubeObject>(found: T, wanted: T): T {
  const labels = { ...wanted.metadata?.labels, ...found.metadata?.labels };
  const annotations = { ...wanted.metadata?.annotations, ...found.metadata?.annotations };
  return { ...found, metadata: { ...found.metadata, labels, annotations } };
}
