/**
 * Nobody grants what they do not have: writes of roles and bindings are checked against the writer's own rules, unless they hold the verb
 * `escalate` or `bind`. Source: kubernetes' registry/rbac/*\/policybased.
 */

import type { ClusterRole, PolicyRule, RoleBinding } from "@kubets/api";
import { deepEqual, forbidden, type KubeObject } from "@kubets/apimachinery";
import type { AdmissionAttributes, AdmissionPlugin } from "../admission/plugin.ts";
import type { UserInfo } from "../authentication/authenticator.ts";
import { systemPrivilegedGroup } from "../authentication/users.ts";
import type { Authorizer } from "./authorizer.ts";
import type { RbacIndex } from "./rbac-index.ts";
import { compactRules, compactString, quoteList, uncovered } from "./rules.ts";
import { aggregate } from "./union.ts";

const group = "rbac.authorization.k8s.io";
const kinds = new Set(["roles", "clusterroles", "rolebindings", "clusterrolebindings"]);

/** Always on; upstream does this in the registry of RBAC's kinds, below admission, so it comes last. */
export class EscalationCheck implements AdmissionPlugin {
  readonly name = "RBACEscalationCheck";
  readonly #index: RbacIndex;
  readonly #authorizer: Authorizer;

  constructor(index: RbacIndex, authorizer: Authorizer) {
    this.#index = index;
    this.#authorizer = authorizer;
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  concerns({ group: of, plural }: AdmissionAttributes["definition"]): boolean {
    return of === group && kinds.has(plural);
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const { definition, user, object, oldObject } = attributes;
    if (object === undefined) return;
    if (user.groups.includes(systemPrivilegedGroup)) return;
    // Finalizers and owners may go by anyone's hand, or garbage could not be collected.
    if (oldObject !== undefined && deepEqual(apartFromGarbage(object), apartFromGarbage(oldObject))) return;
    const isRole = definition.plural === "roles" || definition.plural === "clusterroles";
    if (isRole) await this.#checkRole(attributes, object as ClusterRole, oldObject as ClusterRole | undefined);
    else await this.#checkBinding(attributes, object as RoleBinding);
  }

  async #checkRole(attributes: AdmissionAttributes, role: ClusterRole, old: ClusterRole | undefined): Promise<void> {
    const { definition, user, namespace, operation } = attributes;
    // The name of what is created is in its body, which authorization does not look into.
    const name = operation === "CREATE" ? "" : nameOf(role);
    if (await this.#holds(attributes, "escalate", definition.plural, name)) return;
    this.#confirm(attributes, role.rules ?? [], user, namespace);
    if (role.aggregationRule !== undefined || old?.aggregationRule !== undefined) {
      const everything = [
        { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
        { verbs: ["*"], nonResourceURLs: ["*"] },
      ];
      const missing = uncovered(this.#ownRules(user, namespace), everything);
      if (missing.length > 0)
        throw this.#refuse(attributes, "must have cluster-admin privileges to use an aggregationRule");
    }
  }

  async #checkBinding(attributes: AdmissionAttributes, binding: RoleBinding): Promise<void> {
    const { user, namespace } = attributes;
    const ref = binding.roleRef;
    const plural = ref?.kind === "ClusterRole" ? "clusterroles" : "roles";
    if (await this.#holds(attributes, "bind", plural, ref?.name ?? "")) return;
    const rules = this.#index.referencedRules(ref, namespace);
    if (rules instanceof Error) throw rules;
    this.#confirm(attributes, rules, user, namespace);
  }

  async #holds(
    { user, namespace }: AdmissionAttributes,
    verb: string,
    resource: string,
    name: string,
  ): Promise<boolean> {
    const { decision } = await this.#authorizer.authorize({
      user,
      verb,
      isResourceRequest: true,
      apiGroup: group,
      apiVersion: "*",
      namespace,
      resource,
      subresource: "",
      name,
      path: "",
    });
    return decision === "Allow";
  }

  #ownRules(user: UserInfo, namespace: string): PolicyRule[] {
    return [...this.#index.rulesFor(user, namespace)].flatMap((visited) => ("rule" in visited ? [visited.rule] : []));
  }

  /** @throws StatusError 403 that lists what is missing */
  #confirm(attributes: AdmissionAttributes, rules: readonly PolicyRule[], user: UserInfo, namespace: string): void {
    const missing = compactRules(uncovered(this.#ownRules(user, namespace), rules));
    if (missing.length === 0) return;
    const who = `user ${JSON.stringify(user.name)} (groups=${quoteList(user.groups)})`;
    const list = [...new Set(missing.map(compactString))].sort().join("\n");
    const errors = [...this.#index.rulesFor(user, namespace)].flatMap((each) => ("error" in each ? [each.error] : []));
    const unresolved =
      errors.length === 0 ? "" : `; resolution errors: [${aggregate(errors.map(({ message }) => message))}]`;
    throw this.#refuse(
      attributes,
      `${who} is attempting to grant RBAC permissions not currently held:\n${list}${unresolved}`,
    );
  }

  #refuse({ definition, name }: AdmissionAttributes, why: string) {
    return forbidden({ group, resource: definition.plural }, name, why);
  }
}

/** What a change of it alone needs no permission for: what deletes objects in the end, and what the server sets itself. */
function apartFromGarbage({ metadata, ...rest }: KubeObject): object {
  const {
    finalizers: _finalizers,
    ownerReferences: _owners,
    managedFields: _managed,
    resourceVersion: _revision,
    uid: _uid,
    creationTimestamp: _created,
    ...kept
  } = metadata ?? {};
  return { ...rest, metadata: kept };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? "";
}
