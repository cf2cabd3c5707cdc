/** Volume sources one by one. Source: validate*VolumeSource. Most are plugins that no kubelet has any more; the API still takes them. */

import {
  type FieldError,
  type FieldPath,
  inclusiveRangeError,
  invalidValue,
  isDNS1123Subdomain,
  nameIsDNSSubdomain,
  notSupported,
  pushAll,
  required,
  tooLong,
  validateAnnotations,
  validateLabels,
} from "@kubets/apimachinery";
import type * as types from "../generated/types.ts";
import { validateClaimSpec } from "./claim-validation.ts";
import {
  complaints,
  dnsLabel,
  localDescendingPath,
  noBacksteps,
  present,
  supportedOrAbsent,
} from "./pod-field-checks.ts";

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath(source: types.HostPathVolumeSource, at: FieldPath): FieldError[] {
  if (!source.path) return [required(at.child("path"))];
  return [
    ...noBacksteps(at.child("path"), source.path),
    ...supportedOrAbsent(at.child("type"), source.type, hostPathTypes),
  ];
}

export function validateGitRepo(source: types.GitRepoVolumeSource, at: FieldPath): FieldError[] {
  return [
    ...present(at.child("repository"), source.repository),
    ...localDescendingPath(at.child("directory"), source.directory ?? ""),
  ];
}

function between0And255(at: FieldPath, value: number | undefined, low = 0): FieldError[] {
  return value === undefined || (value >= 0 && value <= 255)
    ? []
    : [invalidValue(at, value, inclusiveRangeError(low, 255))];
}

export function validateGCEPersistentDisk(source: types.GCEPersistentDiskVolumeSource, at: FieldPath): FieldError[] {
  return [...present(at.child("pdName"), source.pdName), ...between0And255(at.child("partition"), source.partition, 1)];
}

export function validateAWSElasticBlockStore(
  source: types.AWSElasticBlockStoreVolumeSource,
  at: FieldPath,
): FieldError[] {
  return [
    ...present(at.child("volumeID"), source.volumeID),
    ...between0And255(at.child("partition"), source.partition, 1),
  ];
}

export function validateNFS(source: types.NFSVolumeSource, at: FieldPath): FieldError[] {
  const errors = [...present(at.child("server"), source.server), ...present(at.child("path"), source.path)];
  if (!source.path?.startsWith("/"))
    errors.push(invalidValue(at.child("path"), source.path ?? "", "must be an absolute path"));
  return errors;
}

const iscsiFormats: readonly (readonly [string, RegExp])[] = [
  // Upstream does not hold it to the beginning: `iqn, or iqn.2001-04.com.example:x` passes there, at the square of its length.
  ["iqn", /^iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[A-Za-z0-9]{16}$/],
  ["naa", /^naa.[A-Za-z0-9]{32}$/],
];

function validateISCSIName(at: FieldPath, name: string): FieldError[] {
  const format = iscsiFormats.find(([prefix]) => name.startsWith(prefix));
  if (format === undefined) return [invalidValue(at, name, "must be valid format starting with iqn, eui, or naa")];
  return format[1].test(name) ? [] : [invalidValue(at, name, "must be valid format")];
}

export function validateISCSI(source: types.ISCSIVolumeSource, at: FieldPath, volume: types.Volume): FieldError[] {
  const errors = present(at.child("targetPortal"), source.targetPortal);
  if (!source.iqn) errors.push(required(at.child("iqn")));
  else pushAll(errors, validateISCSIName(at.child("iqn"), source.iqn));
  pushAll(errors, between0And255(at.child("lun"), source.lun));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && source.secretRef === undefined)
    errors.push(required(at.child("secretRef")));
  if (source.initiatorName === undefined) return errors;
  pushAll(errors, validateISCSIName(at.child("initiatorname"), source.initiatorName));
  if (`${volume.name}:${source.targetPortal}`.length > 64)
    errors.push(
      invalidValue(
        at.child("name"),
        volume.name,
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
      ),
    );
  return errors;
}

export function validateGlusterfs(source: types.GlusterfsVolumeSource, at: FieldPath): FieldError[] {
  return [...present(at.child("endpoints"), source.endpoints), ...present(at.child("path"), source.path)];
}

export function validateFlocker(source: types.FlockerVolumeSource, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { datasetName = "", datasetUUID = "" } = source;
  if (datasetName === "" && datasetUUID === "")
    errors.push(required(at, "one of datasetName and datasetUUID is required"));
  if (datasetName !== "" && datasetUUID !== "")
    errors.push(invalidValue(at, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  if (datasetName.includes("/"))
    errors.push(invalidValue(at.child("datasetName"), datasetName, "must not contain '/'"));
  return errors;
}

export function validateRBD(source: types.RBDVolumeSource, at: FieldPath): FieldError[] {
  return [...present(at.child("monitors"), source.monitors), ...present(at.child("image"), source.image)];
}

export function validateCinder(source: types.CinderVolumeSource, at: FieldPath): FieldError[] {
  const errors = present(at.child("volumeID"), source.volumeID);
  if (source.secretRef !== undefined) pushAll(errors, present(at.child("secretRef", "name"), source.secretRef.name));
  return errors;
}

export function validateQuobyte(source: types.QuobyteVolumeSource, at: FieldPath): FieldError[] {
  const pairs = "must be a host:port pair or multiple pairs separated by commas";
  const errors: FieldError[] = [];
  if (!source.registry) errors.push(required(at.child("registry"), pairs));
  else if ((source.tenant ?? "").length >= 65)
    errors.push(required(at.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"));
  else
    for (const pair of source.registry.split(","))
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair))
        errors.push(invalidValue(at.child("registry"), source.registry, pairs));
  return [...errors, ...present(at.child("volume"), source.volume)];
}

export function validateFC(source: types.FCVolumeSource, at: FieldPath): FieldError[] {
  const { targetWWNs = [], wwids = [], lun } = source;
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(required(at.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both"));
  if (targetWWNs.length > 0 && wwids.length > 0)
    errors.push(
      invalidValue(at.child("targetWWNs"), targetWWNs, "targetWWNs and wwids can not be specified simultaneously"),
    );
  if (targetWWNs.length > 0) {
    if (lun === undefined) errors.push(required(at.child("lun"), "lun is required if targetWWNs is specified"));
    pushAll(errors, between0And255(at.child("lun"), lun));
  }
  return errors;
}

export function validateFlexVolume(source: types.FlexVolumeSource, at: FieldPath): FieldError[] {
  const errors = present(at.child("driver"), source.driver);
  for (const option of Object.keys(source.options ?? {})) {
    const domain = `.${(option.split("/")[0] ?? "").toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      errors.push(
        invalidValue(at.child("options").key(option), option, "kubernetes.io and k8s.io namespaces are reserved"),
      );
  }
  return errors;
}

export function validateAzureFile(source: types.AzureFileVolumeSource, at: FieldPath): FieldError[] {
  return [...present(at.child("secretName"), source.secretName), ...present(at.child("shareName"), source.shareName)];
}

export function validateAzureDisk(source: types.AzureDiskVolumeSource, at: FieldPath): FieldError[] {
  const { diskName, diskURI = "", cachingMode, kind } = source;
  const errors = [
    ...present(at.child("diskName"), diskName),
    ...present(at.child("diskURI"), diskURI),
    ...supportedOrAbsent(at.child("cachingMode"), cachingMode, ["None", "ReadOnly", "ReadWrite"]),
    ...supportedOrAbsent(at.child("kind"), kind, ["Dedicated", "Managed", "Shared"]),
  ];
  if (kind === "Managed" && !diskURI.startsWith("/subscriptions/"))
    errors.push(
      notSupported(at.child("diskURI"), diskURI, [
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
      ]),
    );
  if (kind !== undefined && kind !== "Managed" && !diskURI.startsWith("https://"))
    errors.push(
      notSupported(at.child("diskURI"), diskURI, [
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
      ]),
    );
  return errors;
}

export function validateStorageOS(source: types.StorageOSVolumeSource, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (!source.volumeName) errors.push(required(at.child("volumeName")));
  else pushAll(errors, dnsLabel(at.child("volumeName"), source.volumeName));
  if (source.volumeNamespace) pushAll(errors, dnsLabel(at.child("volumeNamespace"), source.volumeNamespace));
  if (source.secretRef !== undefined) pushAll(errors, present(at.child("secretRef", "name"), source.secretRef.name));
  return errors;
}

export function validateScaleIO(source: types.ScaleIOVolumeSource, at: FieldPath): FieldError[] {
  return [
    ...present(at.child("gateway"), source.gateway),
    ...present(at.child("system"), source.system),
    ...present(at.child("volumeName"), source.volumeName),
  ];
}

export function validateCSI(source: types.CSIVolumeSource, at: FieldPath): FieldError[] {
  const { driver = "", nodePublishSecretRef } = source;
  const errors = present(at.child("driver"), driver);
  if (driver.length > 63) errors.push(tooLong(at.child("driver"), 63));
  pushAll(errors, complaints(at.child("driver"), driver, isDNS1123Subdomain(driver.toLowerCase())));
  if (nodePublishSecretRef === undefined) return errors;
  const { name = "" } = nodePublishSecretRef;
  if (name === "") errors.push(required(at.child("nodePublishSecretRef", "name")));
  else pushAll(errors, complaints(at.child("name"), name, nameIsDNSSubdomain(name, false)));
  return errors;
}

export function validateEphemeral(source: types.EphemeralVolumeSource, at: FieldPath): FieldError[] {
  const template = source.volumeClaimTemplate;
  const here = at.child("volumeClaimTemplate");
  if (template === undefined) return [required(here)];
  return [
    ...validateLabels(template.metadata?.labels ?? {}, here.child("metadata", "labels")),
    ...validateAnnotations(template.metadata?.annotations ?? {}, here.child("metadata", "annotations")),
    ...validateClaimSpec(template.spec ?? {}, here.child("spec")),
  ];
}

const pullPolicies = ["Always", "IfNotPresent", "Never"];

export function validateImage(source: types.ImageVolumeSource, at: FieldPath): FieldError[] {
  return [
    ...present(at.child("reference"), source.reference),
    ...(source.pullPolicy
      ? supportedOrAbsent(at.child("pullPolicy"), source.pullPolicy, pullPolicies)
      : [required(at.child("pullPolicy"))]),
  ];
}
