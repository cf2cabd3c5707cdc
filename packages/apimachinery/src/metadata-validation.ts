/**
 * Validation of `metadata`, the same for every kind. Paths and texts: apimachinery's api/validation and apis/meta/v1/validation.
 * Functions return the problems found; none means valid.
 */

import { deepEqual } from "./equality.ts";
import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  path,
  required,
  tooLong,
} from "./field-error.ts";
import { parseApiVersion } from "./gvk.ts";
import { validateLabels } from "./label-validation.ts";
import { byteLength, isQualifiedName, nameIsDNSLabel, nameIsDNSSubdomain, type ValidateName } from "./names.ts";
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from "./object.ts";
import { pushAll } from "./push-all.ts";

/** Upstream's words for a field that may not change once it is set. */
export const fieldImmutable = "field is immutable";
/** Keys and values of all annotations together, in bytes. */
const totalAnnotationSizeLimit = 256 * 1024;

/** What a kind's metadata has to be beyond what holds for all kinds. */
export interface ObjectMetaRules {
  /** Whether the kind lives in namespaces. */
  readonly namespaced: boolean;
  /** Default: a DNS-1123 subdomain. */
  readonly validateName?: ValidateName | undefined;
}

const metadataPath = path("metadata");

/** For a create, after the name has been generated. */
export function validateObjectMeta(
  meta: ObjectMeta,
  rules: ObjectMetaRules,
  at: FieldPath = metadataPath,
): FieldError[] {
  const validateName = rules.validateName ?? nameIsDNSSubdomain;
  const errors: FieldError[] = [];
  if (meta.generateName) {
    for (const why of validateName(meta.generateName, true)) {
      errors.push(invalidValue(at.child("generateName"), meta.generateName, why));
    }
  }
  if (meta.name) {
    for (const why of validateName(meta.name, false)) errors.push(invalidValue(at.child("name"), meta.name, why));
  } else {
    errors.push(required(at.child("name"), "name or generateName is required"));
  }
  pushAll(errors, validateNamespace(meta, rules.namespaced, at.child("namespace")));
  pushAll(errors, validateNonnegative(meta.generation ?? 0, at.child("generation")));
  pushAll(errors, validateSharedMeta(meta, at));
  pushAll(errors, validateFinalizers(meta.finalizers ?? [], at.child("finalizers")));
  return errors;
}

function validateNamespace(meta: ObjectMeta, namespaced: boolean, at: FieldPath): FieldError[] {
  if (!namespaced) return meta.namespace ? [forbiddenField(at, "not allowed on this type")] : [];
  if (!meta.namespace) return [required(at)];
  return nameIsDNSLabel(meta.namespace, false).map((why) => invalidValue(at, meta.namespace, why));
}

/** What create and update check alike. */
function validateSharedMeta(meta: ObjectMeta, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.labels) pushAll(errors, validateLabels(meta.labels, at.child("labels")));
  if (meta.annotations) pushAll(errors, validateAnnotations(meta.annotations, at.child("annotations")));
  if (meta.ownerReferences) pushAll(errors, validateOwnerReferences(meta.ownerReferences, at.child("ownerReferences")));
  if (meta.managedFields) pushAll(errors, validateManagedFields(meta.managedFields, at.child("managedFields")));
  return errors;
}

/** For an update. Both objects are complete: the registry has already kept what an update may not change. */
export function validateObjectMetaUpdate(
  meta: ObjectMeta,
  old: ObjectMeta,
  at: FieldPath = metadataPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (old.deletionTimestamp !== undefined) {
    pushAll(errors, validateNoNewFinalizers(meta.finalizers ?? [], old.finalizers ?? [], at.child("finalizers")));
  }
  if (!meta.resourceVersion) {
    errors.push(invalidValue(at.child("resourceVersion"), "", "must be specified for an update"));
  }
  pushAll(errors, validateNonnegative(meta.generation ?? 0, at.child("generation")));
  if ((meta.generation ?? 0) < (old.generation ?? 0)) {
    errors.push(invalidValue(at.child("generation"), meta.generation ?? 0, "must not be decremented"));
  }
  for (const field of ["name", "namespace", "uid"] as const) {
    pushAll(errors, validateImmutableField(meta[field] ?? "", old[field] ?? "", at.child(field)));
  }
  for (const field of ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] as const) {
    pushAll(errors, validateImmutableField(meta[field], old[field], at.child(field)));
  }
  pushAll(errors, validateSharedMeta(meta, at));
  return errors;
}

/** By deep equality. @param value as the new object has it */
export function validateImmutableField(value: unknown, old: unknown, at: FieldPath): FieldError[] {
  return deepEqual(value, old) ? [] : [invalidValue(at, value, fieldImmutable)];
}

/** Zero is allowed. */
export function validateNonnegative(value: number, at: FieldPath): FieldError[] {
  return value < 0 ? [invalidValue(at, value, "must be greater than or equal to 0")] : [];
}

/** Keys as of labels, in any case; keys and values together at most 256 KiB. */
export function validateAnnotations(annotations: Readonly<Record<string, string>>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const key of Object.keys(annotations)) {
    for (const why of isQualifiedName(key.toLowerCase())) errors.push(invalidValue(at, key, why));
    size += byteLength(key) + byteLength(annotations[key] ?? "");
  }
  if (size > totalAnnotationSizeLimit) errors.push(tooLong(at, totalAnnotationSizeLimit));
  return errors;
}

function validateOwnerReferences(references: readonly OwnerReference[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let controller: string | undefined;
  for (const reference of references) {
    // Upstream's paths do not say which of them.
    pushAll(errors, validateOwnerReference(reference, at));
    if (reference.controller !== true) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalidValue(at, references, detail));
    } else {
      controller = name;
    }
  }
  return errors;
}

function validateOwnerReference(reference: OwnerReference, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const version = parseApiVersion(reference.apiVersion ?? "")?.version ?? "";
  if (version === "") {
    errors.push(invalidValue(at.child("apiVersion"), reference.apiVersion ?? "", "version must not be empty"));
  }
  for (const field of ["kind", "name", "uid"] as const) {
    if (!reference[field]) errors.push(invalidValue(at.child(field), "", "must not be empty"));
  }
  if (reference.apiVersion === "v1" && reference.kind === "Event") {
    errors.push(invalidValue(at, reference, "/v1, Kind=Event is disallowed from being an owner"));
  }
  return errors;
}

/** Qualified names; those of the two ways of deleting dependents exclude each other. */
export function validateFinalizers(finalizers: readonly string[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of finalizers) {
    for (const why of isQualifiedName(name)) errors.push(invalidValue(at, name, why));
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    errors.push(invalidValue(at, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"));
  }
  return errors;
}

function validateNoNewFinalizers(finalizers: readonly string[], old: readonly string[], at: FieldPath): FieldError[] {
  const added = [...new Set(finalizers)].filter((f) => !old.includes(f)).sort();
  if (added.length === 0) return [];
  const list = `[]string{${added.map((f) => JSON.stringify(f)).join(", ")}}`;
  return [
    forbiddenField(at, `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`),
  ];
}

/** Also the check of the `fieldManager` parameter: at most 128 bytes, printable. */
export function validateFieldManager(manager: string, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (byteLength(manager) > 128) errors.push(tooLong(at, 128));
  let position = 0;
  for (const character of manager) {
    if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character)) {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
      errors.push(invalidValue(at, manager, `invalid character U+${code} (at position ${position})`));
    }
    position += byteLength(character);
  }
  return errors;
}

function validateManagedFields(entries: readonly ManagedFieldsEntry[], at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, entry] of entries.entries()) {
    const here = at.index(i);
    if (!entry.operation) errors.push(required(here.child("operation"), "must not be empty"));
    else if (entry.operation !== "Apply" && entry.operation !== "Update") {
      errors.push(notSupported(here.child("operation"), entry.operation, ["Apply", "Update"]));
    }
    if (entry.fieldsType && entry.fieldsType !== "FieldsV1") {
      errors.push(invalidValue(here.child("fieldsType"), entry.fieldsType, "must be `FieldsV1`"));
    }
    pushAll(errors, validateFieldManager(entry.manager ?? "", here.child("manager")));
    if (byteLength(entry.subresource ?? "") > 256) errors.push(tooLong(here.child("subresource"), 256));
  }
  return errors;
}
