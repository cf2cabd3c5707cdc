/** Roles and bindings as a request needs them: by subject. Fed by watches, kept change by change; nothing is walked when a request is decided. */

import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type PolicyRule,
  type Role,
  type RoleBinding,
  type RoleRef,
  roleBindings,
  roles,
  type Subject,
} from "@kubets/api";
import { type KubeObject, notFound } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { serviceAccountUsername } from "../authentication/users.ts";
import type { ChangeHandler, ObjectReader } from "../reader/object-reader.ts";

type Binding = ClusterRoleBinding | RoleBinding;

/** A binding, for one of its subjects. */
interface Grant {
  readonly binding: Binding;
  readonly subject: Subject;
}

/** Bindings of one namespace, or of the cluster, by `user:NAME` or `group:NAME`. */
class SubjectIndex {
  readonly #grants = new Map<string, Map<string, Grant>>();

  set(binding: Binding, old: Binding | undefined): void {
    if (old !== undefined) this.remove(old);
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespaceOf(binding));
      if (key === undefined) continue;
      let grants = this.#grants.get(key);
      if (grants === undefined) {
        grants = new Map();
        this.#grants.set(key, grants);
      }
      const name = nameOf(binding);
      // A binding that names a subject twice grants by the first, as upstream tells it.
      if (!grants.has(name)) grants.set(name, { binding, subject });
    }
  }

  remove(binding: Binding): void {
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespaceOf(binding));
      const grants = key === undefined ? undefined : this.#grants.get(key);
      if (grants?.delete(nameOf(binding)) && grants.size === 0) this.#grants.delete(key!);
    }
  }

  *of({ name, groups }: UserInfo): Generator<Grant> {
    yield* this.#grants.get(`user:${name}`)?.values() ?? [];
    for (const group of groups) yield* this.#grants.get(`group:${group}`)?.values() ?? [];
  }
}

function subjectKey({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  switch (kind) {
    case "User":
      return `user:${name}`;
    case "Group":
      return `group:${name}`;
    case "ServiceAccount": {
      const home = namespace || bindingNamespace;
      return home === "" ? undefined : `user:${serviceAccountUsername(home, name)}`;
    }
    default:
      return undefined;
  }
}

/** A rule that applies, or why rules could not be found. `source` describes the binding, for the reason of a decision. */
export type VisitedRule = { readonly rule: PolicyRule; readonly source: () => string } | { readonly error: Error };

export class RbacIndex {
  readonly #clusterRoles = new Map<string, ClusterRole>();
  readonly #roles = new Map<string, Role>();
  readonly #clusterBindings = new Map<string, ClusterRoleBinding>();
  readonly #bindings = new Map<string, RoleBinding>();
  readonly #clusterSubjects = new SubjectIndex();
  readonly #subjects = new Map<string, SubjectIndex>();

  /** Resolves when everything there is has been read; follows changes until `signal` aborts. */
  async follow(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    await Promise.all([
      reader.subscribe(clusterRoles, mapHandler(this.#clusterRoles), signal),
      reader.subscribe(roles, mapHandler(this.#roles), signal),
      reader.subscribe(clusterRoleBindings, this.#bindingHandler(this.#clusterBindings), signal),
      reader.subscribe(roleBindings, this.#bindingHandler(this.#bindings), signal),
    ]);
  }

  #bindingHandler<T extends Binding>(bindings: Map<string, T>): ChangeHandler<T> {
    return {
      put: (binding) => {
        const key = keyIn(binding);
        this.#subjectsOf(namespaceOf(binding)).set(binding, bindings.get(key));
        bindings.set(key, binding);
      },
      remove: (binding) => {
        const known = bindings.get(keyIn(binding));
        if (known !== undefined) this.#subjectsOf(namespaceOf(binding)).remove(known);
        bindings.delete(keyIn(binding));
      },
    };
  }

  #subjectsOf(namespace: string): SubjectIndex {
    if (namespace === "") return this.#clusterSubjects;
    let index = this.#subjects.get(namespace);
    if (index === undefined) {
      index = new SubjectIndex();
      this.#subjects.set(namespace, index);
    }
    return index;
  }

  /** Every rule that applies to the user in the namespace; cluster-wide ones only for "". */
  *rulesFor(user: UserInfo, namespace: string): Generator<VisitedRule> {
    yield* this.#rulesOf(this.#clusterSubjects.of(user), "");
    const local = namespace === "" ? undefined : this.#subjects.get(namespace);
    if (local !== undefined) yield* this.#rulesOf(local.of(user), namespace);
  }

  *#rulesOf(grants: Iterable<Grant>, namespace: string): Generator<VisitedRule> {
    for (const grant of grants) {
      const rules = this.referencedRules(grant.binding.roleRef, namespace);
      if (rules instanceof Error) yield { error: asListed(rules, grant.binding.roleRef) };
      else for (const rule of rules) yield { rule, source: () => describe(grant) };
    }
  }

  /** The rules of the role a binding in `namespace` refers to; the error (404) when there is no such role. */
  referencedRules(ref: RoleRef | undefined, namespace: string): readonly PolicyRule[] | Error {
    const { kind = "", name = "" } = ref ?? {};
    const group = "rbac.authorization.k8s.io";
    if (kind === "ClusterRole") {
      const role = this.#clusterRoles.get(name);
      return role?.rules ?? (role === undefined ? notFound({ group, resource: "clusterroles" }, name) : []);
    }
    if (kind === "Role") {
      const role = this.#roles.get(`${namespace}/${name}`);
      return role?.rules ?? (role === undefined ? notFound({ group, resource: "roles" }, name) : []);
    }
    return new Error(`unsupported role reference kind: ${JSON.stringify(kind)}`);
  }
}

function mapHandler<T extends KubeObject>(map: Map<string, T>): ChangeHandler<T> {
  return { put: (object) => void map.set(keyIn(object), object), remove: (object) => void map.delete(keyIn(object)) };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? "";
}

function namespaceOf({ metadata }: KubeObject): string {
  return metadata?.namespace ?? "";
}

function keyIn(object: KubeObject): string {
  const namespace = namespaceOf(object);
  return namespace === "" ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

/** Upstream's authorizer reads listers, which call a kind by its singular. */
function asListed(error: Error, ref: RoleRef | undefined): Error {
  if (ref?.kind !== "Role" && ref?.kind !== "ClusterRole") return error;
  return notFound({ group: "rbac.authorization.k8s.io", resource: ref.kind.toLowerCase() }, ref.name);
}

/** Upstream's words, name before namespace and all. */
function describe({ binding, subject }: Grant): string {
  const namespace = namespaceOf(binding);
  const quote = (text: string) => JSON.stringify(text);
  const kind = namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  const name = namespace === "" ? nameOf(binding) : `${nameOf(binding)}/${namespace}`;
  const who = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  const role = `${binding.roleRef?.kind} ${quote(binding.roleRef?.name ?? "")}`;
  return `${kind} ${quote(name)} of ${role} to ${subject.kind} ${quote(who)}`;
}
