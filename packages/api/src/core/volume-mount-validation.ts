/** Volumes seen from a container. Source: ValidateVolumeMounts, ValidateVolumeDevices. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notFoundValue,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { Container, Volume, VolumeMount } from "../generated/types.ts";
import { localDescendingPath, noBacksteps, present, supportedOrAbsent } from "./pod-field-checks.ts";

export type VolumesByName = ReadonlyMap<string, Volume>;

export function validateVolumeMounts(container: Container, volumes: VolumesByName, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const devices = container.volumeDevices ?? [];
  const mountPaths = new Set<string>();
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const here = at.index(i);
    const { name = "", mountPath = "" } = mount;
    if (name === "") errors.push(required(here.child("name")));
    if (!volumes.has(name)) errors.push(notFoundValue(here.child("name"), name));
    if (mountPath === "") errors.push(required(here.child("mountPath")));
    if (mountPaths.has(mountPath)) errors.push(invalidValue(here.child("mountPath"), mountPath, "must be unique"));
    mountPaths.add(mountPath);
    if (devices.some((device) => device.name === name))
      errors.push(invalidValue(here.child("name"), name, "must not already exist in volumeDevices"));
    if (devices.some((device) => device.devicePath === mountPath))
      errors.push(
        invalidValue(here.child("mountPath"), mountPath, "must not already exist as a path in volumeDevices"),
      );
    pushAll(errors, [...validateSubPaths(mount, at, here), ...validatePropagation(mount, container, at)]);
  }
  return errors;
}

/** Upstream names the list, not its element, for what is wrong in a sub-path. */
function validateSubPaths({ subPath, subPathExpr }: VolumeMount, list: FieldPath, here: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (subPath) pushAll(errors, localDescendingPath(list.child("subPath"), subPath));
  if (subPathExpr) {
    if (subPath)
      errors.push(
        invalidValue(here.child("subPathExpr"), subPathExpr, "subPathExpr and subPath are mutually exclusive"),
      );
    pushAll(errors, localDescendingPath(list.child("subPathExpr"), subPathExpr));
  }
  return errors;
}

function validatePropagation(mount: VolumeMount, container: Container, list: FieldPath): FieldError[] {
  const { mountPropagation, recursiveReadOnly } = mount;
  const propagationAt = list.child("mountPropagation");
  const errors = supportedOrAbsent(propagationAt, mountPropagation, ["Bidirectional", "HostToContainer", "None"]);
  if (mountPropagation === "Bidirectional" && container.securityContext?.privileged !== true)
    errors.push(
      forbiddenField(propagationAt, "Bidirectional mount propagation is available only to privileged containers"),
    );

  const recursiveAt = list.child("recursiveReadOnly");
  pushAll(errors, supportedOrAbsent(recursiveAt, recursiveReadOnly, ["Disabled", "Enabled", "IfPossible"]));
  if (recursiveReadOnly === "Enabled" || recursiveReadOnly === "IfPossible") {
    if (mount.readOnly !== true)
      errors.push(forbiddenField(recursiveAt, "may only be specified when readOnly is true"));
    if (mountPropagation !== undefined && mountPropagation !== "None")
      errors.push(forbiddenField(recursiveAt, "may only be specified when mountPropagation is None or not specified"));
  }
  return errors;
}

export function validateVolumeDevices(container: Container, volumes: VolumesByName, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [i, { name = "", devicePath = "" }] of (container.volumeDevices ?? []).entries()) {
    const here = at.index(i);
    pushAll(errors, present(here.child("name"), name));
    if (names.has(name)) errors.push(invalidValue(here.child("name"), name, "must be unique"));
    pushAll(errors, validateDeviceVolume(volumes.get(name), name, here.child("name")));
    pushAll(errors, present(here.child("devicePath"), devicePath));
    if (paths.has(devicePath)) errors.push(invalidValue(here.child("devicePath"), devicePath, "must be unique"));
    if (noBacksteps(here, devicePath).length > 0)
      errors.push(invalidValue(here.child("devicePath"), devicePath, "can not contain backsteps ('..')"));
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name))
      errors.push(invalidValue(here.child("name"), name, "must not already exist in volumeMounts"));
    if (mounts.some((mount) => mount.mountPath === devicePath))
      errors.push(
        invalidValue(here.child("devicePath"), devicePath, "must not already exist as a path in volumeMounts"),
      );
    if (name !== "") names.add(name);
  }
  return errors;
}

function validateDeviceVolume(volume: Volume | undefined, name: string, at: FieldPath): FieldError[] {
  if (volume === undefined) return [notFoundValue(at, name)];
  if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) return [];
  const why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
  return [invalidValue(at, name, why)];
}
