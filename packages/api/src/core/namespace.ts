/** Namespace: always has the finalizer `kubernetes` and a label with its own name; `/finalize` alone changes the finalizers. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isQualifiedName,
  nameIsDNSLabel,
  path,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusStrategy, Strategy } from "../definition.ts";
import type { Namespace } from "../generated/types.ts";
import { keep, metadataOf, statusStrategy } from "../strategy.ts";

const nameLabel = "kubernetes.io/metadata.name";
const standardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

const strategy: Strategy<Namespace> = {
  validateName: nameIsDNSLabel,
  setDefaults(namespace) {
    const { name } = namespace.metadata ?? {};
    if (name) metadataOf(namespace).labels = { ...namespace.metadata?.labels, [nameLabel]: name };
  },
  prepareForCreate(namespace) {
    namespace.status = { phase: "Active" };
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes("kubernetes")) finalizers.push("kubernetes");
    namespace.spec = { ...namespace.spec, finalizers };
    const { name } = namespace.metadata ?? {};
    if (name) metadataOf(namespace).labels = { ...namespace.metadata?.labels, [nameLabel]: name };
  },
  validate: (namespace) => validateFinalizers(namespace, (at) => at),
  prepareForUpdate(namespace, old) {
    keep(namespace, old, "spec");
    keep(namespace, old, "status");
  },
};

function validateFinalizers(namespace: Namespace, where: (at: FieldPath, index: number) => FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, name] of (namespace.spec?.finalizers ?? []).entries()) {
    const at = where(path("spec.finalizers"), index);
    for (const why of isQualifiedName(name)) errors.push(invalidValue(at, name, why));
    if (!name.includes("/") && !standardFinalizers.includes(name)) {
      errors.push(invalidValue(at, name, "name is neither a standard finalizer name nor is it fully qualified"));
    }
  }
  return errors;
}

function validateStatusUpdate(namespace: Namespace): FieldError[] {
  const phase = namespace.status?.phase ?? "";
  const at = path("status.Phase");
  if (namespace.metadata?.deletionTimestamp === undefined) {
    if (phase === "Active") return [];
    return [invalidValue(at, phase, "may only be 'Active' if `deletionTimestamp` is empty")];
  }
  if (phase === "Terminating") return [];
  return [invalidValue(at, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
}

/** `PUT .../finalize`: the finalizers may change, the status may not. */
export const namespaceFinalizeStrategy: StatusStrategy<Namespace> = {
  resetFields: ["status"],
  prepareForUpdate: (namespace, old) => keep(namespace, old, "status"),
  validateUpdate: (namespace) => validateFinalizers(namespace, (at, index) => at.index(index)),
};

export const namespaceDefinition = define<Namespace>("", "v1", "namespaces", {
  shortNames: ["ns"],
  strategy,
  status: statusStrategy<Namespace>({ validate: validateStatusUpdate }),
  selectableFields: { "status.phase": (namespace) => namespace.status?.phase ?? "" },
  columns: [nameColumn, column("Status", (namespace: Namespace) => namespace.status?.phase ?? ""), ageColumn],
});
