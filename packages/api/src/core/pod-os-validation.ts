/** What a Pod for one operating system may not have. Source: validateOS, validateLinux, validateWindows, validateWindowsHostProcessPod. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@kubets/apimachinery";
import type { PodSpec } from "../generated/types.ts";
import { allContainers } from "./pod-helpers.ts";

const podFieldsNotOnWindows = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "fsGroup",
  "fsGroupChangePolicy",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;

const containerFieldsNotOnWindows = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;

export function validateOS(spec: PodSpec, at: FieldPath): FieldError[] {
  if (spec.os === undefined) return [];
  const { name } = spec.os;
  if (!name) return [required(at.child("os", "name"), "cannot be empty")];
  if (name === "linux") return validateLinux(spec, at);
  if (name === "windows") return validateWindows(spec, at);
  return [notSupported(at.child("os"), name, ["linux", "windows"])];
}

function validateLinux(spec: PodSpec, at: FieldPath): FieldError[] {
  const why = "windows options cannot be set for a linux pod";
  const errors: FieldError[] = [];
  if (spec.securityContext?.windowsOptions !== undefined)
    errors.push(forbiddenField(at.child("securityContext", "windowsOptions"), why));
  for (const { kind, index, container } of allContainers(spec))
    if (container.securityContext?.windowsOptions !== undefined)
      errors.push(forbiddenField(at.child(kind).index(index).child("securityContext", "windowsOptions"), why));
  return errors;
}

function validateWindows(spec: PodSpec, at: FieldPath): FieldError[] {
  const why = "cannot be set for a windows pod";
  const errors: FieldError[] = [];
  for (const field of podFieldsNotOnWindows)
    if (spec.securityContext?.[field] !== undefined)
      errors.push(forbiddenField(at.child("securityContext", field), why));
  if ((spec.securityContext?.sysctls ?? []).length > 0)
    errors.push(forbiddenField(at.child("securityContext", "sysctls"), why));
  if (spec.hostUsers !== undefined) errors.push(forbiddenField(at.child("hostUsers"), why));
  if (spec.shareProcessNamespace !== undefined) errors.push(forbiddenField(at.child("shareProcessNamespace"), why));
  for (const field of ["hostPID", "hostIPC"] as const)
    if (spec[field] === true) errors.push(forbiddenField(at.child(field), why));
  for (const { kind, index, container } of allContainers(spec))
    for (const field of containerFieldsNotOnWindows)
      if (container.securityContext?.[field] !== undefined)
        errors.push(forbiddenField(at.child(kind).index(index).child("securityContext", field), why));
  return errors;
}

/** A Windows Pod whose containers are processes of the host is one as a whole, on the host's network. */
export function validateHostProcess(spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let hostProcesses = 0;
  for (const { kind, index, container } of allContainers(spec)) {
    containers++;
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      errors.push(
        invalidValue(
          at.child(kind).index(index).child("securityContext", "windowsOptions", "hostProcess"),
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
    if (own ?? ofPod) hostProcesses++;
  }
  if (hostProcesses === 0) return errors;
  if (hostProcesses !== containers)
    errors.push(
      invalidValue(
        at,
        "",
        "If pod contains any hostProcess containers then all containers must be HostProcess containers",
      ),
    );
  if (spec.hostNetwork !== true)
    errors.push(
      invalidValue(
        at.child("hostNetwork"),
        false,
        "hostNetwork must be true if pod contains any hostProcess containers",
      ),
    );
  return errors;
}
