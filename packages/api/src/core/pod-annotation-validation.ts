/** Annotations that mean something on a Pod or template: mirror Pods, deletion cost, the old profiles. Source: ValidatePodSpecificAnnotations. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  type ObjectMeta,
  pushAll,
} from "@kubets/apimachinery";
import type { AppArmorProfile, PodSpec, SeccompProfile } from "../generated/types.ts";
import { localDescendingPath } from "./pod-field-checks.ts";
import { allContainers } from "./pod-helpers.ts";

export const mirrorAnnotation = "kubernetes.io/config.mirror";
export const deletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost";
const seccompPodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainerPrefix = "container.seccomp.security.alpha.kubernetes.io/";
const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
const localhostPrefix = "localhost/";

type Annotations = Readonly<Record<string, string>>;

export function validatePodAnnotations(
  annotations: Annotations | undefined,
  spec: PodSpec,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(annotations ?? {})) {
    const here = at.key(key);
    if (key === mirrorAnnotation && !spec.nodeName)
      errors.push(invalidValue(here, value, "must set spec.nodeName if mirror pod annotation is set"));
    if (key === deletionCostAnnotation && !isDeletionCost(value))
      errors.push(invalidValue(here, value, "must be a 32bit integer"));
    if (key === seccompPodAnnotation || key.startsWith(seccompContainerPrefix))
      pushAll(errors, validateSeccompName(value, at.child(key)));
    if (key.startsWith(appArmorPrefix)) pushAll(errors, validateAppArmor(key, value, spec, here));
  }
  return errors;
}

/** Digits without a plus sign or leading zeros, in 32 bits. */
function isDeletionCost(value: string): boolean {
  return /^(0|-?[1-9]\d{0,9})$/.test(value) && Number(value) >= -(2 ** 31) && Number(value) < 2 ** 31;
}

function validateSeccompName(name: string, at: FieldPath): FieldError[] {
  if (name === "runtime/default" || name === "docker/default" || name === "unconfined") return [];
  if (name.startsWith(localhostPrefix)) return localDescendingPath(at, name.slice(localhostPrefix.length));
  return [invalidValue(at, name, "must be a valid seccomp profile")];
}

function validateAppArmor(key: string, profile: string, spec: PodSpec, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const container = key.slice(appArmorPrefix.length);
  if (![...allContainers(spec)].some((each) => each.container.name === container))
    errors.push(invalidValue(at, container, "container not found"));
  const isKnown = profile === "" || profile === "runtime/default" || profile === "unconfined";
  if (!isKnown && !profile.startsWith(localhostPrefix))
    errors.push(invalidValue(at, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`));
  return errors;
}

/** Mirror Pods and AppArmor are for life. */
export function validatePodAnnotationUpdates(
  annotations: Annotations = {},
  old: Annotations = {},
  spec: PodSpec,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(old)) {
    if (annotations[key] === old[key]) continue;
    if (key.startsWith(appArmorPrefix))
      errors.push(forbiddenField(at.key(key), "may not remove or update AppArmor annotations"));
    if (key === mirrorAnnotation)
      errors.push(forbiddenField(at.key(key), "may not remove or update mirror pod annotation"));
  }
  for (const key of Object.keys(annotations)) {
    if (old[key] !== undefined) continue;
    if (key.startsWith(appArmorPrefix)) errors.push(forbiddenField(at.key(key), "may not add AppArmor annotations"));
    if (key === mirrorAnnotation) errors.push(forbiddenField(at.key(key), "may not add mirror pod annotation"));
  }
  return [...errors, ...validatePodAnnotations(annotations, spec, at)];
}

/** Where both the old annotation and the field are given, they must say the same. */
export function validateProfilesMatch(meta: ObjectMeta | undefined, spec: PodSpec, at: FieldPath): FieldError[] {
  const annotations = meta?.annotations;
  if (annotations === undefined) return [];
  const errors = profileMismatch(
    "seccomp",
    annotations[seccompPodAnnotation],
    spec.securityContext?.seccompProfile,
    at.child("securityContext", "seccompProfile"),
  );
  for (const { kind, index, container } of allContainers(spec)) {
    const here = at.child(kind).index(index).child("securityContext");
    const own = container.securityContext;
    pushAll(
      errors,
      profileMismatch(
        "seccomp",
        annotations[seccompContainerPrefix + container.name],
        own?.seccompProfile,
        here.child("seccompProfile"),
      ),
    );
    if (spec.os?.name !== "windows")
      pushAll(
        errors,
        profileMismatch(
          "apparmor",
          annotations[appArmorPrefix + container.name],
          own?.appArmorProfile ?? spec.securityContext?.appArmorProfile,
          here.child("appArmorProfile"),
        ),
      );
  }
  return errors;
}

function profileMismatch(
  what: "seccomp" | "apparmor",
  annotation: string | undefined,
  profile: SeccompProfile | AppArmorProfile | undefined,
  at: FieldPath,
): FieldError[] {
  if (annotation === undefined || profile === undefined) return [];
  const isDefault = annotation === "runtime/default" || (what === "seccomp" && annotation === "docker/default");
  const typeMatches =
    (profile.type === "Unconfined" && annotation === "unconfined") ||
    (profile.type === "RuntimeDefault" && isDefault) ||
    (profile.type === "Localhost" && annotation.startsWith(localhostPrefix));
  if (!typeMatches) return [forbiddenField(at.child("type"), `${what} type in annotation and field must match`)];
  if (profile.type === "Localhost" && annotation !== localhostPrefix + (profile.localhostProfile ?? ""))
    return [forbiddenField(at.child("localhostProfile"), `${what} profile in annotation and field must match`)];
  return [];
}

/** The field an old AppArmor annotation stands for; undefined when it stands for none. */
export function appArmorFieldOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const profile = annotation.startsWith(localhostPrefix) ? annotation.slice(localhostPrefix.length) : "";
  return profile === "" ? undefined : { type: "Localhost", localhostProfile: profile };
}

export { appArmorPrefix };
