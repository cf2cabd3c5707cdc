/** Volumes made of files that the API holds: Secrets, ConfigMaps, the downward API, tokens. Source: validateProjectionSources and its neighbours. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  pushAll,
  required,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type {
  ClusterTrustBundleProjection,
  DownwardAPIVolumeFile,
  DownwardAPIVolumeSource,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../generated/types.ts";
import { validateFieldSelector, validateResourceFieldSelector } from "./container-field-refs.ts";
import { fileMode, localNonReservedPath, oneOf, present } from "./pod-field-checks.ts";

const volumeFieldPaths = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

/** A Secret or ConfigMap volume. */
export function validateKeyedVolume(
  source: { defaultMode?: number; items?: KeyToPath[] },
  name: string | undefined,
  at: FieldPath,
  nameField: string,
): FieldError[] {
  return [
    ...present(at.child(nameField), name),
    ...fileMode(at.child("defaultMode"), source.defaultMode),
    ...validateItems(source.items, at.child("items")),
  ];
}

function validateItems(items: readonly KeyToPath[] | undefined, at: FieldPath): FieldError[] {
  return (items ?? []).flatMap((item, i) => {
    const here = at.index(i);
    return [
      ...present(here.child("key"), item.key),
      ...present(here.child("path"), item.path),
      ...localNonReservedPath(here.child("path"), item.path ?? ""),
      ...fileMode(here.child("mode"), item.mode),
    ];
  });
}

/** Upstream names the list for a file in it, without its index. */
export function validateDownwardAPI(source: DownwardAPIVolumeSource, at: FieldPath): FieldError[] {
  return [
    ...fileMode(at.child("defaultMode"), source.defaultMode),
    ...(source.items ?? []).flatMap((file) => validateDownwardFile(file, at)),
  ];
}

function validateDownwardFile(file: DownwardAPIVolumeFile, at: FieldPath): FieldError[] {
  const errors = [...present(at.child("path"), file.path), ...localNonReservedPath(at.child("path"), file.path ?? "")];
  if (file.fieldRef !== undefined) {
    pushAll(errors, validateFieldSelector(file.fieldRef, volumeFieldPaths, at.child("fieldRef")));
    if (file.resourceFieldRef !== undefined)
      errors.push(invalidValue(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
  } else if (file.resourceFieldRef !== undefined) {
    pushAll(errors, validateResourceFieldSelector(file.resourceFieldRef, at.child("resourceFieldRef"), true));
  } else {
    errors.push(required(at, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...fileMode(at.child("mode"), file.mode)];
}

export function validateProjected(projected: ProjectedVolumeSource, at: FieldPath): FieldError[] {
  const errors = fileMode(at.child("defaultMode"), projected.defaultMode);
  const taken = new Set<string>();
  for (const [i, source] of (projected.sources ?? []).entries()) {
    const here = at.child("sources").index(i);
    pushAll(errors, [...validateProjection(source, at, here), ...conflictingPaths(source, taken, at)]);
    const kinds = Object.values(source).filter((each) => each !== undefined).length;
    if (kinds > 1) errors.push(forbiddenField(here, "may not specify more than 1 volume type per source"));
  }
  return errors;
}

function validateProjection(source: VolumeProjection, volume: FieldPath, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const kind of ["secret", "configMap"] as const) {
    const keyed = source[kind];
    if (keyed === undefined) continue;
    pushAll(errors, [
      ...present(at.child(kind, "name"), keyed.name),
      ...validateItems(keyed.items, at.child(kind, "items")),
    ]);
  }
  for (const file of source.downwardAPI?.items ?? [])
    pushAll(errors, validateDownwardFile(file, at.child("downwardAPI")));
  if (source.serviceAccountToken !== undefined)
    pushAll(errors, validateToken(source.serviceAccountToken, volume, at.child("serviceAccountToken")));
  if (source.clusterTrustBundle !== undefined)
    pushAll(errors, validateTrustBundle(source.clusterTrustBundle, at.child("clusterTrustBundle")));
  if (source.podCertificate !== undefined)
    pushAll(errors, validatePodCertificate(source.podCertificate, at.child("podCertificate")));
  return errors;
}

/** Each path with the value upstream shows beside it: for Secrets and ConfigMaps that is the object's name. */
function pathsOf(source: VolumeProjection): [path: string | undefined, shown: string | undefined][] {
  return [
    ...(source.secret?.items ?? []).map((item): [string, string | undefined] => [item.path, source.secret?.name]),
    ...(source.configMap?.items ?? []).map((item): [string, string | undefined] => [item.path, source.configMap?.name]),
    ...(source.downwardAPI?.items ?? []).map((item): [string, string] => [item.path, item.path]),
    [source.clusterTrustBundle?.path, source.clusterTrustBundle?.path],
    ...[
      source.podCertificate?.credentialBundlePath,
      source.podCertificate?.keyPath,
      source.podCertificate?.certificateChainPath,
    ].map((path): [string | undefined, string | undefined] => [path, path]),
  ];
}

function conflictingPaths(source: VolumeProjection, taken: Set<string>, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [path, shown] of pathsOf(source)) {
    if (!path) continue;
    if (taken.has(path)) errors.push(invalidValue(at, shown ?? "", "conflicting duplicate paths"));
    taken.add(path);
  }
  return errors;
}

function validateToken(token: ServiceAccountTokenProjection, volume: FieldPath, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = token.expirationSeconds ?? 0;
  const here = at.child("expirationSeconds");
  if (seconds < 600) errors.push(invalidValue(here, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > 2 ** 32)
    errors.push(invalidValue(here, seconds, "may not specify a duration larger than 2^32 seconds"));
  if (!token.path) errors.push(required(volume.child("path")));
  else pushAll(errors, localNonReservedPath(volume.child("path"), token.path));
  return errors;
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { name, signerName } = bundle;
  if (name !== undefined && signerName !== undefined)
    errors.push(invalidValue(at, bundle, "only one of name and signerName may be used"));
  else if (name !== undefined) {
    if (name === "") errors.push(required(at.child("name"), "must be a valid object name"));
    if (bundle.labelSelector !== undefined)
      errors.push(
        invalidValue(
          at.child("labelSelector"),
          bundle.labelSelector,
          "labelSelector must be unset if name is specified",
        ),
      );
  } else if (signerName !== undefined) {
    if (signerName === "") errors.push(required(at.child("signerName"), "must be a valid signer name"));
    pushAll(errors, validateLabelSelector(bundle.labelSelector, at.child("labelSelector")));
  } else {
    errors.push(required(at, "either name or signerName must be specified"));
  }
  return [
    ...errors,
    ...present(at.child("path"), bundle.path),
    ...localNonReservedPath(at.child("path"), bundle.path ?? ""),
  ];
}

const keyTypes = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];

function validatePodCertificate(projection: PodCertificateProjection, at: FieldPath): FieldError[] {
  const errors = [
    ...present(at.child("signerName"), projection.signerName),
    ...oneOf(at.child("keyType"), projection.keyType, keyTypes),
  ];
  const seconds = projection.maxExpirationSeconds;
  if (seconds !== undefined && (seconds < 3600 || seconds > 91 * 24 * 3600))
    errors.push(
      invalidValue(
        at.child("maxExpirationSeconds"),
        seconds,
        "if provided, maxExpirationSeconds must be between 1 hour and 91 days",
      ),
    );
  const paths = ["credentialBundlePath", "keyPath", "certificateChainPath"] as const;
  if (paths.every((field) => !projection[field]))
    errors.push(required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
  for (const field of paths) pushAll(errors, localNonReservedPath(at.child(field), projection[field] ?? ""));
  return errors;
}
