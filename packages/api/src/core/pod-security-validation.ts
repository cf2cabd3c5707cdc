/** Security context of a Pod: sysctls, groups, host namespaces. Source: validatePodSpecSecurityContext, validateHostUsers. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  required,
} from "@kubets/apimachinery";
import type { PodSecurityContext, PodSpec } from "../generated/types.ts";
import {
  validateAppArmorProfile,
  validateGroupID,
  validateSeccompProfile,
  validateUserID,
  validateWindowsOptions,
} from "./container-security-validation.ts";
import { supportedOrAbsent } from "./pod-field-checks.ts";

export function validatePodSecurityContext(spec: PodSpec, at: FieldPath): FieldError[] {
  const context = spec.securityContext;
  if (context === undefined) return [];
  const errors = [
    ...validateGroupID(at.child("fsGroup"), context.fsGroup),
    ...validateUserID(at.child("runAsUser"), context.runAsUser),
    ...validateGroupID(at.child("runAsGroup"), context.runAsGroup),
    ...(context.supplementalGroups ?? []).flatMap((gid, i) =>
      validateGroupID(at.child("supplementalGroups").index(i), gid),
    ),
  ];
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    errors.push(
      invalidValue(at.child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled"),
    );
  return [
    ...errors,
    ...validateSysctls(context, spec, at.child("sysctls")),
    ...supportedOrAbsent(at.child("fsGroupChangePolicy"), context.fsGroupChangePolicy, ["Always", "OnRootMismatch"]),
    ...validateSeccompProfile(context.seccompProfile, at.child("seccompProfile")),
    ...validateWindowsOptions(context.windowsOptions, at.child("windowsOptions")),
    ...validateAppArmorProfile(context.appArmorProfile, at.child("appArmorProfile")),
    ...supportedOrAbsent(at.child("supplementalGroupsPolicy"), context.supplementalGroupsPolicy, ["Merge", "Strict"]),
    ...supportedOrAbsent(at.child("seLinuxChangePolicy"), context.seLinuxChangePolicy, ["MountOption", "Recursive"]),
  ];
}

const sysctlSegment = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const sysctlName = `^(${sysctlSegment}[\\./])*${sysctlSegment}$`;
const sysctlRegexp = new RegExp(sysctlName);
const sysctlMaxLength = 253;

function validateSysctls(context: PodSecurityContext, spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, { name = "" }] of (context.sysctls ?? []).entries()) {
    const here = at.index(i).child("name");
    if (name === "") errors.push(required(here));
    else if (name.length > sysctlMaxLength || !sysctlRegexp.test(name))
      errors.push(
        invalidValue(here, name, `must have at most ${sysctlMaxLength} characters and match regex ${sysctlName}`),
      );
    else if (names.has(name)) errors.push(duplicate(here, name));
    names.add(name);
    const namespace = sysctlNamespace(name);
    if (spec.hostNetwork === true && namespace === "net")
      errors.push(invalidValue(here, name, "may not be specified when 'hostNetwork' is true"));
    if (spec.hostIPC === true && namespace === "ipc")
      errors.push(invalidValue(here, name, "may not be specified when 'hostIPC' is true"));
  }
  return errors;
}

const ipcSysctls = new Set(["kernel.sem"]);
const ipcPrefixes = ["kernel.shm", "kernel.msg", "fs.mqueue."];

/** The kernel namespace a sysctl belongs to; undefined for those of the whole node. */
function sysctlNamespace(name: string): "net" | "ipc" | "uts" | undefined {
  const dotted = normalizedSysctl(name);
  if (dotted.startsWith("net.")) return "net";
  if (ipcSysctls.has(dotted) || ipcPrefixes.some((prefix) => dotted.startsWith(prefix))) return "ipc";
  return dotted === "kernel.domainname" || dotted === "kernel.hostname" ? "uts" : undefined;
}

/** `net/ipv4/conf/eno2.100/x` and `net.ipv4.conf.eno2/100.x` are one: the first separator says which of the two is used. */
function normalizedSysctl(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== "/") return name;
  return name.replace(/[./]/g, (separator) => (separator === "/" ? "." : "/"));
}

/** User namespaces do not go together with the node's other namespaces. Source: KEP-127. */
export function validateHostUsers(spec: PodSpec, at: FieldPath): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const why = "when `pod.Spec.HostUsers` is false";
  const errors: FieldError[] = [];
  if (spec.hostNetwork === true) errors.push(forbiddenField(at.child("hostNetwork"), why));
  if (spec.hostPID === true) errors.push(forbiddenField(at.child("HostPID"), why));
  if (spec.hostIPC === true) errors.push(forbiddenField(at.child("HostIPC"), why));
  return errors;
}
