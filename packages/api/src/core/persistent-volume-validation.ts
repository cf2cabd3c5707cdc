/** Validation of PersistentVolumes: all their sources, and what of them may change. Source: pkg/apis/core/validation. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  notSupported,
  path,
  pushAll,
  required,
  validateImmutableField,
} from "@kubets/apimachinery";
import type * as types from "../generated/types.ts";
import { className, positiveQuantity, validateAccessModes, volumeModes } from "./claim-validation.ts";
import { driverName } from "./name-checks.ts";
import { validateNodeSelector } from "./pod-affinity-validation.ts";
import { complaints, dnsSubdomain, noBacksteps, present, supportedOrAbsent } from "./pod-field-checks.ts";
import * as sources from "./volume-source-validation.ts";

type Volume = types.PersistentVolume;
type VolumeSpec = types.PersistentVolumeSpec;

const specPath = path("spec");
const reclaimPolicies = ["Delete", "Recycle", "Retain"];

type SourceField = Exclude<
  keyof VolumeSpec,
  | "accessModes"
  | "capacity"
  | "claimRef"
  | "mountOptions"
  | "nodeAffinity"
  | "persistentVolumeReclaimPolicy"
  | "storageClassName"
  | "volumeAttributesClassName"
  | "volumeMode"
>;

type Checks = {
  readonly [F in SourceField]: (source: NonNullable<VolumeSpec[F]>, at: FieldPath, volumeName: string) => FieldError[];
};

/** In upstream's order: the first that is set is checked, others are too many. */
const checks: Checks = {
  hostPath: sources.validateHostPath,
  gcePersistentDisk: sources.validateGCEPersistentDisk,
  awsElasticBlockStore: sources.validateAWSElasticBlockStore,
  glusterfs: validateGlusterfs,
  flocker: sources.validateFlocker,
  nfs: sources.validateNFS,
  rbd: (source, at) => [...present(at.child("monitors"), source.monitors), ...present(at.child("image"), source.image)],
  quobyte: sources.validateQuobyte,
  cephfs: (source, at) => present(at.child("monitors"), source.monitors),
  iscsi: (source, at, name) => sources.validateISCSI(source as types.ISCSIVolumeSource, at, { name }),
  cinder: (source, at) => sources.validateCinder(source as types.CinderVolumeSource, at),
  fc: sources.validateFC,
  flexVolume: (source, at) => sources.validateFlexVolume(source as types.FlexVolumeSource, at),
  azureFile: validateAzureFile,
  vsphereVolume: (source, at) => present(at.child("volumePath"), source.volumePath),
  photonPersistentDisk: (source, at) => present(at.child("pdID"), source.pdID),
  portworxVolume: (source, at) => present(at.child("volumeID"), source.volumeID),
  azureDisk: sources.validateAzureDisk,
  scaleIO: (source, at) => sources.validateScaleIO(source as types.ScaleIOVolumeSource, at),
  local: (source, at) => {
    if (!source.path) return [required(at.child("path"))];
    return noBacksteps(at.child("path"), source.path);
  },
  storageos: (source, at) => sources.validateStorageOS(source as types.StorageOSVolumeSource, at),
  csi: validateCSI,
};

/** Where upstream names a source otherwise when something is wrong within it. */
const innerNames: Readonly<Partial<Record<SourceField, string>>> = { gcePersistentDisk: "persistentDisk" };

function validateGlusterfs(source: types.GlusterfsPersistentVolumeSource, at: FieldPath): FieldError[] {
  const { endpointsNamespace } = source;
  const errors = sources.validateGlusterfs(source, at);
  if (endpointsNamespace === undefined) return errors;
  const where = at.child("endpointsNamespace");
  if (endpointsNamespace === "") {
    const why = "if the endpointnamespace is set, it must be a valid namespace name";
    return [...errors, invalidValue(where, endpointsNamespace, why)];
  }
  return [...errors, ...complaints(where, endpointsNamespace, isDNS1123Label(endpointsNamespace))];
}

function validateAzureFile(source: types.AzureFilePersistentVolumeSource, at: FieldPath): FieldError[] {
  const errors = sources.validateAzureFile(source, at);
  return source.secretNamespace === "" ? [...errors, required(at.child("secretNamespace"))] : errors;
}

const secretReferences = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

function validateCSI(source: types.CSIPersistentVolumeSource, at: FieldPath): FieldError[] {
  const errors = driverName(at.child("driver"), source.driver ?? "");
  pushAll(errors, present(at.child("volumeHandle"), source.volumeHandle));
  for (const field of secretReferences) {
    const reference = source[field];
    if (reference === undefined) continue;
    const { name = "", namespace = "" } = reference;
    const where = at.child(field);
    if (name === "") errors.push(required(where.child("name")));
    else pushAll(errors, dnsSubdomain(where.child("name"), name));
    if (namespace === "") errors.push(required(where.child("namespace")));
    else pushAll(errors, complaints(where.child("namespace"), namespace, isDNS1123Label(namespace)));
  }
  return errors;
}

export const validateVolume = (volume: Volume): FieldError[] =>
  validateVolumeSpec(volume.spec ?? {}, volume.metadata?.name ?? "", specPath);

/** @param inline of an attachment: only what a CSI driver needs to know */
export function validateVolumeSpec(spec: VolumeSpec, name: string, at: FieldPath, inline = false): FieldError[] {
  return [
    ...(inline ? validateInline(spec, at) : []),
    ...validateAccessModes(spec.accessModes, at.child("accessModes"), ""),
    ...(inline ? [] : [...validateCapacity(spec, at), ...validateReclaimPolicy(spec, at)]),
    ...validateAffinity(spec.nodeAffinity, at.child("nodeAffinity")),
    ...validateSource(spec, name, at),
    ...(inline
      ? []
      : [
          ...className(at.child("storageClassName"), spec.storageClassName),
          ...supportedOrAbsent(at.child("volumeMode"), spec.volumeMode, volumeModes),
        ]),
    ...validateAttributesClass(spec, at),
  ];
}

function validateInline(spec: VolumeSpec, at: FieldPath): FieldError[] {
  const why = "in the context of inline volumes";
  const errors: FieldError[] = [];
  const forbid = (field: string, wrong: unknown, text = `may not be specified ${why}`) => {
    if (wrong) errors.push(forbiddenField(at.child(field), text));
  };
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  forbid("claimRef", spec.claimRef);
  forbid("capacity", Object.keys(spec.capacity ?? {}).length > 0);
  if (spec.csi === undefined) errors.push(required(at.child("csi"), `has to be specified ${why}`));
  forbid("persistentVolumeReclaimPolicy", policy && policy !== "Retain", `may only be Retain ${why}`);
  forbid("storageClassName", spec.storageClassName);
  const otherMode = volumeMode !== undefined && volumeMode !== "Filesystem";
  forbid("volumeMode", otherMode, `may not specify volumeMode other than Filesystem ${why}`);
  return errors;
}

function validateCapacity({ capacity = {} }: VolumeSpec, at: FieldPath): FieldError[] {
  const where = at.child("capacity");
  const names = Object.keys(capacity);
  const errors = names.length === 0 ? [required(where)] : [];
  if (names.length !== 1 || names[0] !== "storage") errors.push(notSupported(where, capacity, ["storage"]));
  return [...errors, ...Object.entries(capacity).flatMap(([name, text]) => positiveQuantity(text, where.key(name)))];
}

function validateReclaimPolicy({ persistentVolumeReclaimPolicy: policy, hostPath }: VolumeSpec, at: FieldPath) {
  if (!policy) return [];
  const where = at.child("persistentVolumeReclaimPolicy");
  const errors = supportedOrAbsent(where, policy, reclaimPolicies);
  if (policy === "Recycle" && hostPath !== undefined && /^\/(\.?\/)*\.?$/.test(hostPath.path ?? "")) {
    errors.push(forbiddenField(where, "may not be 'recycle' for a hostPath mount of '/'"));
  }
  return errors;
}

function validateAffinity(affinity: types.VolumeNodeAffinity | undefined, at: FieldPath): FieldError[] {
  if (affinity === undefined) return [];
  const where = at.child("required");
  if (affinity.required === undefined) return [required(where, "must specify required node constraints")];
  return validateNodeSelector(affinity.required, where);
}

function validateSource(spec: VolumeSpec, name: string, at: FieldPath): FieldError[] {
  const given = (Object.keys(checks) as SourceField[]).filter((field) => spec[field] !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return [required(at, "must specify a volume type")];
  const check = checks[first] as (source: unknown, at: FieldPath, volumeName: string) => FieldError[];
  const errors = check(spec[first], at.child(innerNames[first] ?? first), name);
  if (first === "local" && spec.nodeAffinity === undefined) {
    errors.push(required(path("metadata.annotations"), "Local volume requires node affinity"));
  }
  const why = "may not specify more than 1 volume type";
  return [...errors, ...others.map((field) => forbiddenField(at.child(field), why))];
}

function validateAttributesClass(spec: VolumeSpec, at: FieldPath): FieldError[] {
  const { volumeAttributesClassName: name, csi } = spec;
  if (name === undefined) return [];
  const where = at.child("volumeAttributesClassName");
  const errors = name === "" ? [required(where, "an empty string is disallowed")] : className(where, name);
  if (csi !== undefined) return errors;
  return [...errors, required(at.child("csi"), "has to be specified when using volumeAttributesClassName")];
}

function sourceOf({ spec = {} }: Volume): Record<string, unknown> {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => name in checks));
}

export function validateVolumeUpdate(volume: Volume, old: Volume): FieldError[] {
  const errors = validateVolume(volume);
  const source = sourceOf(volume);
  const csi = volume.spec?.csi;
  // A secret for growing the volume may be named later.
  if (csi !== undefined && old.spec?.csi !== undefined && old.spec.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _, ...rest } = csi;
    source["csi"] = rest;
  }
  if (!deepEqual(source, sourceOf(old))) {
    const why = "spec.persistentvolumesource is immutable after creation";
    errors.push(forbiddenField(path("spec.persistentvolumesource"), why));
  }
  pushAll(errors, validateImmutableField(volume.spec?.volumeMode, old.spec?.volumeMode, path("volumeMode")));
  const affinity = old.spec?.nodeAffinity;
  if (affinity === undefined) return errors;
  return [...errors, ...validateImmutableField(volume.spec?.nodeAffinity, affinity, path("nodeAffinity"))];
}
