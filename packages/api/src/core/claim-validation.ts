/** Validation of PersistentVolumeClaims. Source: pkg/apis/core/validation. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  notSupported,
  path,
  pushAll,
  required,
  tryParseQuantity,
  validateImmutableField,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  TypedLocalObjectReference,
  TypedObjectReference,
} from "../generated/types.ts";
import { complaints, dnsSubdomain, present, supportedOrAbsent } from "./pod-field-checks.ts";

const specPath = path("spec");
const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const volumeModes = ["Block", "Filesystem"];

/** @param whenMissing upstream says more of claims than of volumes */
export function validateAccessModes(modes: readonly string[] = [], at: FieldPath, whenMissing: string): FieldError[] {
  const errors = modes.length === 0 ? [required(at, whenMissing)] : [];
  for (const mode of modes) if (!accessModes.includes(mode)) errors.push(notSupported(at, mode, accessModes));
  if (modes.includes("ReadWriteOncePod") && modes.some((mode) => mode !== "ReadWriteOncePod")) {
    errors.push(forbiddenField(at, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

export function positiveQuantity(text: string, at: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(text);
  return quantity !== undefined && quantity.sign() <= 0 ? [invalidValue(at, text, "must be greater than zero")] : [];
}

export function className(at: FieldPath, name: string | undefined): FieldError[] {
  return name ? dnsSubdomain(at, name) : [];
}

export const validateClaim = ({ spec = {} }: PersistentVolumeClaim): FieldError[] => validateClaimSpec(spec, specPath);

/** Also of the claim templates of Pods. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, at: FieldPath): FieldError[] {
  const { dataSource, dataSourceRef } = spec;
  const storage = spec.resources?.requests?.["storage"];
  const storagePath = at.child("resources").key("storage");
  const errors = [
    ...validateLabelSelector(spec.selector, at.child("selector")),
    ...validateAccessModes(spec.accessModes, at.child("accessModes"), "at least 1 access mode is required"),
    ...(storage === undefined ? [required(storagePath)] : positiveQuantity(storage, storagePath)),
    ...className(at.child("storageClassName"), spec.storageClassName),
    ...supportedOrAbsent(at.child("volumeMode"), spec.volumeMode, volumeModes),
  ];
  if (dataSource !== undefined) pushAll(errors, validateDataSource(dataSource, at.child("dataSource")));
  if (dataSourceRef !== undefined) {
    const where = at.child("dataSourceRef");
    pushAll(errors, validateDataSource(dataSourceRef, where));
    const { namespace = "" } = dataSourceRef;
    if (namespace !== "") pushAll(errors, complaints(where.child("namespace"), namespace, isDNS1123Label(namespace)));
  }
  return [
    ...errors,
    ...validateSameSource(dataSource, dataSourceRef, at),
    ...className(at.child("volumeAttributesClassName"), spec.volumeAttributesClassName),
  ];
}

function validateDataSource(source: TypedLocalObjectReference, at: FieldPath): FieldError[] {
  const { apiGroup = "", kind = "" } = source;
  const errors = [...present(at.child("name"), source.name), ...present(at.child("kind"), kind)];
  if (apiGroup === "" && kind !== "PersistentVolumeClaim") {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    errors.push(invalidValue(at, kind, why));
  }
  if (apiGroup === "") return errors;
  return [...errors, ...complaints(at.child("apiGroup"), apiGroup, isDNS1123Subdomain(apiGroup))];
}

function validateSameSource(
  source: TypedLocalObjectReference | undefined,
  ref: TypedObjectReference | undefined,
  at: FieldPath,
): FieldError[] {
  if (source === undefined || ref === undefined) return [];
  // Upstream gives the path as the value too.
  const value = at.child("dataSource").toString();
  if (ref.namespace) {
    return [invalidValue(at, value, "may not be specified when dataSourceRef.namespace is specified")];
  }
  const isSame =
    (source.apiGroup ?? "") === (ref.apiGroup ?? "") && source.kind === ref.kind && source.name === ref.name;
  return isSame ? [] : [invalidValue(at, value, "must match dataSourceRef")];
}

/** Either way of saying where a claim's data come from fills in the other, unless it is of another namespace. */
export function normalizeDataSources({ spec }: PersistentVolumeClaim): void {
  if (spec === undefined) return;
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  else if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

/** A bound claim may grow and change its attributes class; an unbound one may be bound; nothing else changes. */
export function validateClaimUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const bound = old.status?.phase === "Bound";
  const fixed = ({ spec = {} }: PersistentVolumeClaim): PersistentVolumeClaimSpec => {
    const { resources = {}, volumeAttributesClassName: _, ...rest } = spec;
    const { requests, ...limits } = resources;
    const volume = old.spec?.volumeName ? {} : { volumeName: "" };
    return { ...rest, ...volume, resources: bound ? limits : resources };
  };
  const errors = validateClaim(claim);
  if (!deepEqual(fixed(claim), fixed(old))) {
    const why =
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    errors.push(forbiddenField(specPath, why));
  }
  const [size, before] = [claim, old].map((c) => tryParseQuantity(c.spec?.resources?.requests?.["storage"]));
  const capacity = tryParseQuantity(old.status?.capacity?.["storage"]);
  const shrinks = size !== undefined && before !== undefined && size.cmp(before) < 0;
  if (shrinks && capacity !== undefined && size.cmp(capacity) <= 0) {
    const why = "field can not be less than status.capacity";
    errors.push(forbiddenField(specPath.child("resources", "requests", "storage"), why));
  }
  pushAll(errors, validateImmutableField(claim.spec?.volumeMode, old.spec?.volumeMode, path("volumeMode")));
  return [...errors, ...validateAttributesClassUpdate(claim, old)];
}

function validateAttributesClassUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [name, before] = [claim.spec?.volumeAttributesClassName, old.spec?.volumeAttributesClassName];
  const at = specPath.child("volumeAttributesClassName");
  if (name === before) return [];
  if (before !== undefined && name === undefined) {
    return [forbiddenField(at, "update from non-nil value to nil is forbidden")];
  }
  if (before && name === "") return [forbiddenField(at, "update from non-empty value to an empty string is forbidden")];
  return [];
}

const resizeStates = [
  "ControllerResizeInProgress",
  "ControllerResizeInfeasible",
  "NodeResizePending",
  "NodeResizeInProgress",
  "NodeResizeInfeasible",
];

export function validateClaimStatusUpdate(claim: PersistentVolumeClaim): FieldError[] {
  const at = path("status");
  const { capacity = {}, allocatedResources = {}, allocatedResourceStatuses = {} } = claim.status ?? {};
  const errors = Object.entries(capacity).flatMap(([name, text]) =>
    nonNegativeQuantity(text, at.child("capacity").key(name)),
  );
  for (const [name, state] of Object.entries(allocatedResourceStatuses)) {
    const where = at.child("allocatedResourceStatus").key(name);
    if (!resizeStates.includes(state))
      errors.push(notSupported(at.child("allocatedResourceStatus").key(name), state, resizeStates));
    else if (name !== "storage" && !name.includes("/"))
      errors.push(invalidValue(where, name, "must be a standard resource type or fully qualified"));
  }
  for (const [name, text] of Object.entries(allocatedResources)) {
    pushAll(errors, nonNegativeQuantity(text, at.child("allocatedResources").key(name)));
  }
  return errors;
}

function nonNegativeQuantity(text: string, at: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(text);
  return quantity !== undefined && quantity.sign() < 0
    ? [invalidValue(at, text, "must be greater than or equal to 0")]
    : [];
}
