/** Environment of containers. Source: ValidateEnv, ValidateEnvFrom and the selectors below them. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isConfigMapKey,
  isRelaxedEnvVarName,
  nameIsDNSSubdomain,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { EnvFromSource, EnvVar, EnvVarSource, FileKeySelector } from "../generated/types.ts";
import { validateFieldSelector, validateResourceFieldSelector } from "./container-field-refs.ts";
import { complaints, localNonReservedPath, present } from "./pod-field-checks.ts";

const envFieldPaths = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

export function validateEnv(env: readonly EnvVar[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, variable] of (env ?? []).entries()) {
    const here = at.index(i);
    if (!variable.name) errors.push(required(here.child("name")));
    else pushAll(errors, complaints(here.child("name"), variable.name, isRelaxedEnvVarName(variable.name)));
    if (variable.valueFrom !== undefined)
      pushAll(errors, validateValueFrom(variable.valueFrom, variable.value, here.child("valueFrom")));
  }
  return errors;
}

function validateValueFrom(source: EnvVarSource, value: string | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let sources = 0;
  if (source.fieldRef !== undefined) {
    sources++;
    pushAll(errors, validateFieldSelector(source.fieldRef, envFieldPaths, at.child("fieldRef")));
  }
  if (source.resourceFieldRef !== undefined) {
    sources++;
    pushAll(errors, validateResourceFieldSelector(source.resourceFieldRef, at.child("resourceFieldRef"), false));
  }
  if (source.configMapKeyRef !== undefined) {
    sources++;
    pushAll(errors, validateKeySelector(source.configMapKeyRef, at.child("configMapKeyRef")));
  }
  if (source.secretKeyRef !== undefined) {
    sources++;
    pushAll(errors, validateKeySelector(source.secretKeyRef, at.child("secretKeyRef")));
  }
  if (source.fileKeyRef !== undefined) {
    sources++;
    pushAll(errors, validateFileKeySelector(source.fileKeyRef, at.child("fileKeyRef")));
  }
  if (sources === 0)
    errors.push(
      invalidValue(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"),
    );
  else if (value) errors.push(invalidValue(at, "", "may not be specified when `value` is not empty"));
  else if (sources > 1) errors.push(invalidValue(at, "", "may not have more than one field specified at a time"));
  return errors;
}

function validateKeySelector(selector: { name?: string; key?: string }, at: FieldPath): FieldError[] {
  const name = selector.name ?? "";
  const errors = complaints(at.child("name"), name, nameIsDNSSubdomain(name, false));
  if (!selector.key) errors.push(required(at.child("key")));
  else pushAll(errors, complaints(at.child("key"), selector.key, isConfigMapKey(selector.key)));
  return errors;
}

function validateFileKeySelector(selector: FileKeySelector, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!selector.key) errors.push(required(at.child("key")));
  else pushAll(errors, complaints(at.child("key"), selector.key, isRelaxedEnvVarName(selector.key)));
  pushAll(errors, present(at.child("volumeName"), selector.volumeName));
  if (!selector.path) errors.push(required(at.child("path")));
  else pushAll(errors, localNonReservedPath(at.child("path"), selector.path));
  return errors;
}

export function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, source] of (sources ?? []).entries()) {
    const here = at.index(i);
    if (source.prefix)
      pushAll(errors, complaints(here.child("prefix"), source.prefix, isRelaxedEnvVarName(source.prefix)));
    if (source.configMapRef !== undefined)
      pushAll(errors, validateSourceName(source.configMapRef, here.child("configMapRef")));
    if (source.secretRef !== undefined) pushAll(errors, validateSourceName(source.secretRef, here.child("secretRef")));

    // Upstream puts these two on the list, not on its element.
    if (source.configMapRef === undefined && source.secretRef === undefined)
      errors.push(invalidValue(at, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (source.configMapRef !== undefined && source.secretRef !== undefined)
      errors.push(invalidValue(at, "", "may not have more than one field specified at a time"));
  }
  return errors;
}

function validateSourceName(source: { name?: string }, at: FieldPath): FieldError[] {
  if (!source.name) return [required(at.child("name"))];
  return complaints(at.child("name"), source.name, nameIsDNSSubdomain(source.name, true));
}
