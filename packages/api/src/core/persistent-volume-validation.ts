/** Validation of PersistentVolumes and their claims. Source: pkg/apis/core/validation. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Subdomain,
  isQualifiedName,
  notSupported,
  path,
  required,
  tryParseQuantity,
  validateImmutableField,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../generated/types.ts";

const specPath = path("spec");
const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const volumeModes = ["Block", "Filesystem"];
const reclaimPolicies = ["Delete", "Recycle", "Retain"];

function validateAccessModes(modes: readonly string[] = []): FieldError[] {
  const at = specPath.child("accessModes");
  if (modes.length === 0) return [required(at, "at least 1 access mode is required")];
  const errors = modes.filter((mode) => !accessModes.includes(mode)).map((mode) => notSupported(at, mode, accessModes));
  if (modes.includes("ReadWriteOncePod") && modes.length > 1) {
    errors.push(forbiddenField(at, "may not use ReadWriteOncePod with other access modes"));
  }
  return errors;
}

function validateStorage(list: Readonly<Record<string, string>> | undefined, at: FieldPath, detail = ""): FieldError[] {
  const text = list?.["storage"];
  if (text === undefined) return [required(at, detail)];
  const quantity = tryParseQuantity(text);
  return quantity !== undefined && quantity.sign() <= 0 ? [invalidValue(at, text, "must be greater than zero")] : [];
}

function validateClassName(name: string | undefined): FieldError[] {
  if (!name) return [];
  return isDNS1123Subdomain(name).map((why) => invalidValue(specPath.child("storageClassName"), name, why));
}

function validateVolumeMode(mode: string | undefined): FieldError[] {
  if (mode === undefined || volumeModes.includes(mode)) return [];
  return [notSupported(specPath.child("volumeMode"), mode, volumeModes)];
}

export function validateClaim({ spec = {} }: PersistentVolumeClaim): FieldError[] {
  const storagePath = specPath.child("resources").key("storage");
  return [
    ...validateLabelSelector(spec.selector, specPath.child("selector")),
    ...validateAccessModes(spec.accessModes),
    ...validateStorage(spec.resources?.requests, storagePath),
    ...validateClassName(spec.storageClassName),
    ...validateVolumeMode(spec.volumeMode),
  ];
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
  if (
    size !== undefined &&
    before !== undefined &&
    size.cmp(before) < 0 &&
    capacity !== undefined &&
    size.cmp(capacity) <= 0
  ) {
    const why = "field can not be less than status.capacity";
    errors.push(forbiddenField(specPath.child("resources", "requests", "storage"), why));
  }
  return [...errors, ...validateImmutableField(claim.spec?.volumeMode, old.spec?.volumeMode, path("volumeMode"))];
}

/** Fields of a volume's spec that are not its source. */
const besideSource = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

function sourceOf(volume: PersistentVolume): Record<string, unknown> {
  return Object.fromEntries(Object.entries(volume.spec ?? {}).filter(([name]) => !besideSource.has(name)));
}

export function validateVolume(volume: PersistentVolume): FieldError[] {
  const { spec = {} } = volume;
  const errors = validateAccessModes(spec.accessModes);
  const { capacity = {} } = spec;
  const capacityPath = specPath.child("capacity");
  if (Object.keys(capacity).length === 0) errors.push(required(capacityPath));
  else if (capacity["storage"] === undefined || Object.keys(capacity).length > 1) {
    errors.push(notSupported(capacityPath, capacity, ["storage"]));
  } else errors.push(...validateStorage(capacity, capacityPath.key("storage")));
  const policy = spec.persistentVolumeReclaimPolicy;
  if (policy && !reclaimPolicies.includes(policy)) {
    errors.push(notSupported(specPath.child("persistentVolumeReclaimPolicy"), policy, reclaimPolicies));
  }
  errors.push(...validateSource(volume));
  return [...errors, ...validateClassName(spec.storageClassName), ...validateVolumeMode(spec.volumeMode)];
}

function validateSource(volume: PersistentVolume): FieldError[] {
  const { hostPath, nfs, csi, local } = volume.spec ?? {};
  const names = Object.keys(sourceOf(volume));
  if (names.length === 0) return [required(specPath, "must specify a volume type")];
  const errors = names
    .slice(1)
    .map((name) => forbiddenField(specPath.child(name), "may not specify more than 1 volume type"));
  if (hostPath !== undefined && !hostPath.path) errors.push(required(specPath.child("hostPath", "path")));
  if (hostPath?.path?.split("/").includes("..")) {
    errors.push(invalidValue(specPath.child("hostPath", "path"), hostPath.path, "must not contain '..'"));
  }
  if (nfs !== undefined && !nfs.server) errors.push(required(specPath.child("nfs", "server")));
  if (nfs !== undefined && !nfs.path) errors.push(required(specPath.child("nfs", "path")));
  if (local !== undefined && volume.spec?.nodeAffinity === undefined) {
    errors.push(required(path("metadata.annotations"), "Local volume requires node affinity"));
  }
  if (csi !== undefined) {
    if (!csi.driver) errors.push(required(specPath.child("csi", "driver")));
    else
      for (const why of isQualifiedName(csi.driver))
        errors.push(invalidValue(specPath.child("csi", "driver"), csi.driver, why));
    if (!csi.volumeHandle) errors.push(required(specPath.child("csi", "volumeHandle")));
  }
  return errors;
}

export function validateVolumeUpdate(volume: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors = validateVolume(volume);
  if (!deepEqual(sourceOf(volume), sourceOf(old))) {
    const why = "spec.persistentvolumesource is immutable after creation";
    errors.push(forbiddenField(path("spec.persistentvolumesource"), why));
  }
  return [...errors, ...validateImmutableField(volume.spec?.volumeMode, old.spec?.volumeMode, path("volumeMode"))];
}
