/** Validation of the storage group's kinds. Source: pkg/apis/storage/validation. */

import {
  byteLength,
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  inclusiveRangeError,
  invalidValue,
  isQualifiedName,
  isValidLabelValue,
  nameIsDNSSubdomain,
  notSupported,
  path,
  pushAll,
  required,
  seenBefore,
  tooLong,
  tryParseQuantity,
  validateImmutableField,
  validateLabelName,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { driverName } from "../core/name-checks.ts";
import { validateVolumeSpec } from "../core/persistent-volume-validation.ts";
import { complaints, dnsSubdomain, nonNegative, qualifiedName, supportedOrAbsent } from "../core/pod-field-checks.ts";
import type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  StorageClass,
  StorageTokenRequest,
  TopologySelectorTerm,
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeAttributesClass,
  VolumeError,
} from "../generated/types.ts";

const kibi = 1024;
const limits = {
  parameters: 512,
  parameterBytes: 256 * kibi,
  metadataBytes: 256 * kibi,
  errorBytes: 1024,
  nodeIdBytes: 256,
};
const specPath = path("spec");

function validateProvisioner(name: string, at: FieldPath): FieldError[] {
  if (name === "") return [required(at)];
  const lower = name.toLowerCase();
  return complaints(at, lower, isQualifiedName(lower));
}

function validateParameters(parameters: Readonly<Record<string, string>>, mayBeEmpty: boolean): FieldError[] {
  const at = path("parameters");
  const entries = Object.entries(parameters);
  if (entries.length > limits.parameters) return [tooLong(at, limits.parameters)];
  const errors = entries.filter(([key]) => key === "").map(([key]) => invalidValue(at, key, "field can not be empty."));
  if (sizeOf(parameters) > limits.parameterBytes) errors.push(tooLong(at, limits.parameterBytes));
  if (!mayBeEmpty && entries.length === 0) errors.push(required(at, "must contain at least one key/value pair"));
  return errors;
}

function sizeOf(map: Readonly<Record<string, string>>): number {
  return Object.entries(map).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
}

export function validateStorageClass(storageClass: StorageClass): FieldError[] {
  const { provisioner = "", parameters = {}, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  const modes = ["Immediate", "WaitForFirstConsumer"];
  const modePath = path("volumeBindingMode");
  return [
    ...validateProvisioner(provisioner, path("provisioner")),
    ...validateParameters(parameters, true),
    ...(reclaimPolicy ? supportedOrAbsent(path("reclaimPolicy"), reclaimPolicy, ["Delete", "Retain"]) : []),
    ...(volumeBindingMode === undefined ? [required(modePath)] : supportedOrAbsent(modePath, volumeBindingMode, modes)),
    ...validateTopologies(allowedTopologies ?? [], path("allowedTopologies")),
  ];
}

function validateTopologies(terms: readonly TopologySelectorTerm[], at: FieldPath): FieldError[] {
  const meaning = ({ matchLabelExpressions = [] }: TopologySelectorTerm) => {
    const byKey = new Map(matchLabelExpressions.map(({ key, values = [] }) => [key, [...values].sort()]));
    return JSON.stringify([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const seen = seenBefore<string>();
  return terms.flatMap((term, i) => {
    const errors = validateTopologyTerm(term, at.index(i));
    return seen(meaning(term)) ? [...errors, duplicate(at.index(i).child("matchLabelExpressions"), "")] : errors;
  });
}

function validateTopologyTerm({ matchLabelExpressions = [] }: TopologySelectorTerm, at: FieldPath): FieldError[] {
  const seenKey = seenBefore<string>();
  return matchLabelExpressions.flatMap(({ key = "", values = [] }, i) => {
    const where = at.child("matchLabelExpressions").index(i);
    const errors: FieldError[] = values.length === 0 ? [required(where.child("values"))] : [];
    const seen = seenBefore<string>();
    for (const [j, value] of values.entries()) {
      if (seen(value)) errors.push(duplicate(where.child("values").index(j), value));
      pushAll(errors, complaints(where.child("values").index(j), value, isValidLabelValue(value)));
    }
    pushAll(errors, validateLabelName(key, where.child("key")));
    return seenKey(key) ? [...errors, duplicate(where.child("key"), key)] : errors;
  });
}

/** One Forbidden for each of these fields that is not as it was. */
function fixed<T extends object>(object: T, old: T, ...fields: (keyof T & string)[]): FieldError[] {
  return fields
    .filter((field) => !deepEqual(object[field] ?? {}, old[field] ?? {}))
    .map((field) => forbiddenField(path(field), `updates to ${field} are forbidden.`));
}

export function validateStorageClassUpdate(storageClass: StorageClass, old: StorageClass): FieldError[] {
  return [
    ...fixed(storageClass, old, "parameters", "provisioner", "reclaimPolicy"),
    ...validateImmutableField(storageClass.volumeBindingMode, old.volumeBindingMode, path("volumeBindingMode")),
  ];
}

export function validateVolumeAttributesClass(attributes: VolumeAttributesClass): FieldError[] {
  return [
    ...validateProvisioner(attributes.driverName ?? "", path("driverName")),
    ...validateParameters(attributes.parameters ?? {}, false),
  ];
}

export function validateVolumeAttributesClassUpdate(
  attributes: VolumeAttributesClass,
  old: VolumeAttributesClass,
): FieldError[] {
  return [...fixed(attributes, old, "driverName", "parameters"), ...validateVolumeAttributesClass(attributes)];
}

export function validateDriver({ spec }: CSIDriver): FieldError[] {
  const given: CSIDriverSpec = spec ?? {};
  const needed = (field: string, value: unknown) => (value === undefined ? [required(specPath.child(field))] : []);
  const period = given.nodeAllocatableUpdatePeriodSeconds;
  const periodPath = specPath.child("nodeAllocatableUpdatePeriodSeconds");
  const modes = ["Persistent", "Ephemeral"];
  return [
    ...needed("attachedRequired", given.attachRequired),
    ...needed("podInfoOnMount", given.podInfoOnMount),
    ...needed("storageCapacity", given.storageCapacity),
    ...supportedOrAbsent(specPath.child("fsGroupPolicy"), given.fsGroupPolicy, [
      "File",
      "None",
      "ReadWriteOnceWithFSType",
    ]),
    ...validateTokenRequests(given.tokenRequests ?? [], specPath.child("tokenRequests")),
    ...(given.volumeLifecycleModes ?? [])
      .filter((mode) => !modes.includes(mode))
      .map((mode) => notSupported(specPath.child("volumeLifecycleModes"), mode, modes)),
    ...needed("seLinuxMount", given.seLinuxMount),
    ...(period !== undefined && period < 10
      ? [invalidValue(periodPath, period, "must be greater than or equal to 10 seconds")]
      : []),
  ];
}

function validateTokenRequests(requests: readonly StorageTokenRequest[], at: FieldPath): FieldError[] {
  const seen = seenBefore<string>();
  return requests.flatMap(({ audience = "", expirationSeconds: seconds }, i) => {
    if (seen(audience)) return [duplicate(at.index(i).child("audience"), audience)];
    if (seconds === undefined) return [];
    const where = at.index(i).child("expirationSeconds");
    if (seconds < 600) return [invalidValue(where, seconds, "may not specify a duration less than 10 minutes")];
    const tooMuch = seconds > 2 ** 32;
    return tooMuch ? [invalidValue(where, seconds, "may not specify a duration larger than 2^32 seconds")] : [];
  });
}

export function validateDriverUpdate(driver: CSIDriver, old: CSIDriver): FieldError[] {
  const [now, before] = [driver.spec ?? {}, old.spec ?? {}];
  return [
    ...validateDriver(driver),
    ...validateImmutableField(now.attachRequired, before.attachRequired, specPath.child("attachedRequired")),
    ...validateImmutableField(
      now.volumeLifecycleModes,
      before.volumeLifecycleModes,
      specPath.child("volumeLifecycleModes"),
    ),
  ];
}

export function validateCSINode({ spec }: CSINode): FieldError[] {
  const drivers = spec?.drivers ?? [];
  const at = specPath.child("drivers");
  const seen = seenBefore<string>();
  return drivers.flatMap((driver, i) => validateNodeDriver(driver, seen(driver.name ?? ""), at.index(i)));
}

function validateNodeDriver(driver: CSINodeDriver, isRepeated: boolean, at: FieldPath): FieldError[] {
  const { name = "", nodeID = "", allocatable, topologyKeys = [] } = driver;
  const errors = driverName(at.child("name"), name);
  const idPath = at.child("nodeID");
  if (nodeID === "") errors.push(required(idPath));
  if (byteLength(nodeID) > limits.nodeIdBytes) {
    errors.push(invalidValue(idPath, nodeID, `must be ${limits.nodeIdBytes} characters or less`));
  }
  pushAll(errors, nonNegative(at.child("allocatable", "count"), allocatable?.count));
  if (isRepeated) errors.push(duplicate(at.child("name"), name));
  const seen = seenBefore<string>();
  for (const key of topologyKeys) {
    if (key === "") errors.push(required(at));
    if (seen(key)) errors.push(duplicate(at, key));
    pushAll(errors, qualifiedName(at, key));
  }
  return errors;
}

/** How much a driver can take on a node may change, nothing else of it. */
export function validateCSINodeUpdate(node: CSINode, old: CSINode): FieldError[] {
  const errors = validateCSINode(node);
  const fixedPart = ({ allocatable: _, ...rest }: CSINodeDriver) => rest;
  const byName = Map.groupBy(node.spec?.drivers ?? [], ({ name }) => name);
  for (const before of old.spec?.drivers ?? []) {
    for (const driver of byName.get(before.name) ?? []) {
      pushAll(errors, validateImmutableField(fixedPart(driver), fixedPart(before), specPath.child("drivers")));
    }
  }
  return errors;
}

export function validateStorageCapacity(capacity: CSIStorageCapacity): FieldError[] {
  const { nodeTopology, storageClassName = "", capacity: size } = capacity;
  const quantity = tryParseQuantity(size);
  const negative = quantity !== undefined && quantity.sign() < 0;
  return [
    ...validateLabelSelector(nodeTopology, path("nodeTopology")),
    ...complaints(path("storageClassName"), storageClassName, nameIsDNSSubdomain(storageClassName, false)),
    ...(negative ? [invalidValue(path("capacity"), size, "must be greater than or equal to 0")] : []),
  ];
}

export function validateStorageCapacityUpdate(capacity: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] {
  return [
    ...validateImmutableField(capacity.nodeTopology, old.nodeTopology, path("nodeTopology")),
    ...validateImmutableField(capacity.storageClassName, old.storageClassName, path("storageClassName")),
  ];
}

/** Of a new attachment: v1 checks the names too, which stored ones may break. */
export function validateNewAttachment(attachment: VolumeAttachment): FieldError[] {
  const { attacher = "", source } = attachment.spec ?? {};
  const volumeName = source?.persistentVolumeName;
  const at = path("spec.source.persistentVolumeName");
  return [
    ...validateAttachment(attachment),
    ...driverName(path("spec.attacher"), attacher),
    ...(volumeName === undefined ? [] : dnsSubdomain(at, volumeName)),
  ];
}

function validateAttachment({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher = "", nodeName = "", source = {} } = spec ?? {};
  const statusPath = path("status");
  const metadataPath = statusPath.child("attachmentMetadata");
  const tooMuch = sizeOf(status?.attachmentMetadata ?? {}) > limits.metadataBytes;
  return [
    ...(attacher === "" ? [required(specPath.child("attacher"))] : []),
    ...validateAttachmentSource(source, specPath.child("source")),
    ...dnsSubdomain(specPath.child("nodeName"), nodeName),
    ...(tooMuch ? [tooLong(metadataPath, limits.metadataBytes)] : []),
    ...validateVolumeError(status?.attachError, statusPath.child("attachError")),
    ...validateVolumeError(status?.detachError, statusPath.child("detachError")),
  ];
}

function validateAttachmentSource(source: VolumeAttachmentSource, at: FieldPath): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName } = source;
  const why = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inlineVolumeSpec === undefined) {
    if (persistentVolumeName === undefined) return [required(at, why)];
    const name = at.child("persistentVolumeName");
    return persistentVolumeName === "" ? [required(name, "must specify non empty persistentVolumeName")] : [];
  }
  if (persistentVolumeName !== undefined) return [forbiddenField(at, why)];
  return validateVolumeSpec(inlineVolumeSpec, "", at.child("inlineVolumeSpec"), true);
}

function validateVolumeError(error: VolumeError | undefined, at: FieldPath): FieldError[] {
  const { message = "", errorCode = 0 } = error ?? {};
  const errors: FieldError[] = [];
  // Upstream names the limit of the metadata here.
  if (byteLength(message) > limits.errorBytes) errors.push(tooLong(at.child("message"), limits.metadataBytes));
  if (errorCode < 0) errors.push(invalidValue(at.child("errorCode"), errorCode, inclusiveRangeError(0, 0x7fff_ffff)));
  return errors;
}

export function validateAttachmentUpdate(attachment: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  return [...validateAttachment(attachment), ...validateImmutableField(attachment.spec, old.spec, specPath)];
}
