/** RoleBinding and ClusterRoleBinding: the role they refer to never changes. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  invalidValue,
  nameIsDNSSubdomain,
  nameIsPathSegment,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Column, Strategy } from "../definition.ts";
import type { ClusterRoleBinding, RoleBinding, Subject } from "../generated/types.ts";

const group = "rbac.authorization.k8s.io";
const rolePath = path("roleRef");

type Binding = RoleBinding | ClusterRoleBinding;

function setDefaults(binding: Binding): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= group;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= group;
  }
}

function validate(binding: Binding, namespaced: boolean): FieldError[] {
  const { apiGroup = "", kind = "", name = "" } = binding.roleRef ?? {};
  const errors: FieldError[] = [];
  if (apiGroup !== group) errors.push(notSupported(rolePath.child("apiGroup"), apiGroup, [group]));
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  if (!kinds.includes(kind)) errors.push(notSupported(rolePath.child("kind"), kind, kinds));
  if (name === "") errors.push(required(rolePath.child("name")));
  else for (const why of nameIsPathSegment(name, false)) errors.push(invalidValue(rolePath.child("name"), name, why));
  const subjects = binding.subjects ?? [];
  return [...errors, ...subjects.flatMap((s, i) => validateSubject(s, namespaced, path("subjects").index(i)))];
}

function validateSubject(subject: Subject, namespaced: boolean, at: FieldPath): FieldError[] {
  const { kind = "", name = "", apiGroup = "", namespace = "" } = subject;
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(at.child("name")));
  switch (kind) {
    case "ServiceAccount":
      if (name !== "") {
        for (const why of nameIsDNSSubdomain(name, false)) errors.push(invalidValue(at.child("name"), name, why));
      }
      if (apiGroup !== "") errors.push(notSupported(at.child("apiGroup"), apiGroup, [""]));
      if (!namespaced && namespace === "") errors.push(required(at.child("namespace")));
      break;
    case "User":
    case "Group":
      if (apiGroup !== group) errors.push(notSupported(at.child("apiGroup"), apiGroup, [group]));
      break;
    default:
      errors.push(notSupported(at.child("kind"), kind, ["ServiceAccount", "User", "Group"]));
  }
  return errors;
}

function strategyOf<T extends Binding>(namespaced: boolean): Strategy<T> {
  return {
    validateName: nameIsPathSegment,
    setDefaults,
    validate: (binding) => validate(binding, namespaced),
    validateUpdate(binding, old) {
      const errors = validate(binding, namespaced);
      if (deepEqual(binding.roleRef, old.roleRef)) return errors;
      return [...errors, invalidValue(rolePath, binding.roleRef, "cannot change roleRef")];
    },
    allowCreateOnUpdate: true,
  };
}

function subjectNames(binding: Binding, kind: string): string {
  const subjects = (binding.subjects ?? []).filter((subject) => subject.kind === kind);
  const nameOf = (s: Subject) => (kind === "ServiceAccount" && s.namespace ? `${s.namespace}/${s.name}` : s.name);
  return subjects.map(nameOf).join(", ");
}

function columnsOf<T extends Binding>(): Column<T>[] {
  return [
    nameColumn,
    column("Role", (binding: T) => `${binding.roleRef?.kind ?? ""}/${binding.roleRef?.name ?? ""}`),
    ageColumn,
    column("Users", (binding: T) => subjectNames(binding, "User"), { wide: true }),
    column("Groups", (binding: T) => subjectNames(binding, "Group"), { wide: true }),
    column("ServiceAccounts", (binding: T) => subjectNames(binding, "ServiceAccount"), { wide: true }),
  ];
}

export const roleBindingDefinition = define<RoleBinding>(group, "v1", "rolebindings", {
  strategy: strategyOf<RoleBinding>(true),
  columns: columnsOf<RoleBinding>(),
});

export const clusterRoleBindingDefinition = define<ClusterRoleBinding>(group, "v1", "clusterrolebindings", {
  strategy: strategyOf<ClusterRoleBinding>(false),
  columns: columnsOf<ClusterRoleBinding>(),
});
