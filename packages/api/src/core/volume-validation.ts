/** A Pod's volumes: their names, and that each has one source. Source: ValidateVolumes, validateVolumeSource. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  nameIsDNSSubdomain,
  pushAll,
  required,
  tryParseQuantity,
} from "@kubets/apimachinery";
import type { Volume } from "../generated/types.ts";
import { dnsLabel } from "./pod-field-checks.ts";
import { validateDownwardAPI, validateKeyedVolume, validateProjected } from "./volume-projection-validation.ts";
import * as sources from "./volume-source-validation.ts";

export interface ValidatedVolumes {
  /** Those with a valid name of their own: what containers may mount. */
  readonly byName: ReadonlyMap<string, Volume>;
  readonly errors: FieldError[];
}

/** `podName` is set for a Pod (not a template): an ephemeral volume's claim is named after it. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  podName: string | undefined,
  at: FieldPath,
): ValidatedVolumes {
  const byName = new Map<string, Volume>();
  const errors: FieldError[] = [];
  const createdClaims = new Set<string>();
  if (podName)
    for (const volume of volumes ?? [])
      if (volume.ephemeral !== undefined) createdClaims.add(`${podName}-${volume.name}`);

  for (const [i, volume] of (volumes ?? []).entries()) {
    const here = at.index(i);
    const own = validateVolumeSource(volume, podName, here);
    if (!volume.name) own.push(required(here.child("name")));
    else pushAll(own, dnsLabel(here.child("name"), volume.name));
    if (byName.has(volume.name)) own.push(duplicate(here.child("name"), volume.name));
    if (own.length === 0) byName.set(volume.name, volume);
    pushAll(errors, own);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName !== undefined && createdClaims.has(claimName))
      errors.push(
        invalidValue(
          here.child("persistentVolumeClaim", "claimName"),
          claimName,
          "must not reference a PVC that gets created for an ephemeral volume",
        ),
      );
  }
  return { byName, errors };
}

type SourceKind = Exclude<keyof Volume, "name">;
type SourceCheck = (volume: Volume, at: FieldPath, podName: string | undefined) => FieldError[];

/** A check of one source kind: not run when the source is not there. */
function check<K extends SourceKind>(
  kind: K,
  validate: (
    source: NonNullable<Volume[K]>,
    at: FieldPath,
    volume: Volume,
    podName: string | undefined,
  ) => FieldError[],
  path: string = kind,
): readonly [K, SourceCheck] {
  return [
    kind,
    (volume, at, podName) => {
      const source = volume[kind];
      return source === undefined ? [] : validate(source as NonNullable<Volume[K]>, at.child(path), volume, podName);
    },
  ];
}

/** In upstream's order: the first that is given is the volume's source, each later one is refused. */
const sourceChecks: readonly (readonly [SourceKind, SourceCheck])[] = [
  check("emptyDir", ({ sizeLimit }, at) =>
    (tryParseQuantity(sizeLimit)?.sign() ?? 0) < 0
      ? [forbiddenField(at.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")]
      : [],
  ),
  check("hostPath", sources.validateHostPath),
  check("gitRepo", sources.validateGitRepo),
  check("gcePersistentDisk", sources.validateGCEPersistentDisk, "persistentDisk"),
  check("awsElasticBlockStore", sources.validateAWSElasticBlockStore),
  check("secret", (source, at) => validateKeyedVolume(source, source.secretName, at, "secretName")),
  check("nfs", sources.validateNFS),
  check("iscsi", sources.validateISCSI),
  check("glusterfs", sources.validateGlusterfs),
  check("flocker", sources.validateFlocker),
  check("persistentVolumeClaim", ({ claimName }, at) => (claimName ? [] : [required(at.child("claimName"))])),
  check("rbd", sources.validateRBD),
  check("cinder", sources.validateCinder),
  check("cephfs", ({ monitors }, at) => (monitors?.length ? [] : [required(at.child("monitors"))])),
  check("quobyte", sources.validateQuobyte),
  check("downwardAPI", validateDownwardAPI),
  check("fc", sources.validateFC),
  check("flexVolume", sources.validateFlexVolume),
  check("configMap", (source, at) => validateKeyedVolume(source, source.name, at, "name")),
  check("azureFile", sources.validateAzureFile),
  check("vsphereVolume", ({ volumePath }, at) => (volumePath ? [] : [required(at.child("volumePath"))])),
  check("photonPersistentDisk", ({ pdID }, at) => (pdID ? [] : [required(at.child("pdID"))])),
  check("portworxVolume", ({ volumeID }, at) => (volumeID ? [] : [required(at.child("volumeID"))])),
  check("azureDisk", sources.validateAzureDisk),
  check("storageos", sources.validateStorageOS),
  check("projected", validateProjected),
  check("scaleIO", sources.validateScaleIO),
  check("csi", sources.validateCSI),
  check("ephemeral", (source, at, volume, podName) => [
    ...sources.validateEphemeral(source, at),
    ...validateCreatedClaimName(volume.name, podName, at),
  ]),
  check("image", sources.validateImage),
];

function validateVolumeSource(volume: Volume, podName: string | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  let hasSource = false;
  for (const [kind, validate] of sourceChecks) {
    if (volume[kind] === undefined) continue;
    if (hasSource) errors.push(forbiddenField(at.child(kind), "may not specify more than 1 volume type"));
    else pushAll(errors, validate(volume, at, podName));
    hasSource = true;
  }
  if (!hasSource) errors.push(required(at, "must specify a volume type"));
  return errors;
}

function validateCreatedClaimName(volumeName: string, podName: string | undefined, source: FieldPath): FieldError[] {
  if (!podName || !volumeName) return [];
  const claim = `${podName}-${volumeName}`;
  return nameIsDNSSubdomain(claim, false).map((text) =>
    invalidValue(source.child("name"), volumeName, `PVC name ${JSON.stringify(claim)}: ${text}`),
  );
}
