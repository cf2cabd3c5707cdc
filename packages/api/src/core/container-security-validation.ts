/** Security contexts of containers, and the profiles they share with Pods. Source: ValidateSecurityContext and those below it. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  isValidGroupID,
  isValidUserID,
  notSupported,
  pushAll,
  required,
  tooLong,
} from "@kubets/apimachinery";
import type {
  AppArmorProfile,
  SeccompProfile,
  SecurityContext,
  WindowsSecurityContextOptions,
} from "../generated/types.ts";
import { complaints, localDescendingPath, supportedOrAbsent } from "./pod-field-checks.ts";

export function validateSecurityContext(
  context: SecurityContext | undefined,
  hostUsers: boolean,
  at: FieldPath,
): FieldError[] {
  if (context === undefined) return [];
  return [
    ...validateUserID(at.child("runAsUser"), context.runAsUser),
    ...validateGroupID(at.child("runAsGroup"), context.runAsGroup),
    ...validateProcMount(context.procMount, hostUsers, at.child("procMount")),
    ...validateSeccompProfile(context.seccompProfile, at.child("seccompProfile")),
    ...validateEscalation(context, at),
    ...validateWindowsOptions(context.windowsOptions, at.child("windowsOptions")),
    ...validateAppArmorProfile(context.appArmorProfile, at.child("appArmorProfile")),
  ];
}

export function validateUserID(at: FieldPath, uid: number | undefined): FieldError[] {
  return uid === undefined ? [] : complaints(at, uid, isValidUserID(uid));
}

export function validateGroupID(at: FieldPath, gid: number | undefined): FieldError[] {
  return gid === undefined ? [] : complaints(at, gid, isValidGroupID(gid));
}

function validateProcMount(procMount: string | undefined, hostUsers: boolean, at: FieldPath): FieldError[] {
  const errors = supportedOrAbsent(at, procMount, ["Default", "Unmasked"]);
  if (hostUsers && procMount === "Unmasked")
    errors.push(invalidValue(at, procMount, "`hostUsers` must be false to use `Unmasked`"));
  return errors;
}

function validateEscalation(context: SecurityContext, at: FieldPath): FieldError[] {
  if (context.allowPrivilegeEscalation !== false) return [];
  const errors: FieldError[] = [];
  if (context.privileged === true)
    errors.push(invalidValue(at, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"));
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN"))
    errors.push(
      invalidValue(at, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"),
    );
  return errors;
}

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

export function validateSeccompProfile(profile: SeccompProfile | undefined, at: FieldPath): FieldError[] {
  if (profile === undefined) return [];
  const errors: FieldError[] = [];
  if (!profile.type) errors.push(required(at.child("type"), "type is required when seccompProfile is set"));
  else pushAll(errors, supportedOrAbsent(at.child("type"), profile.type, profileTypes));

  const here = at.child("localhostProfile");
  if (profile.type !== "Localhost") {
    if (profile.localhostProfile !== undefined)
      errors.push(invalidValue(here, profile, "can only be set when seccomp type is Localhost"));
  } else if (profile.localhostProfile === undefined) {
    errors.push(required(here, "must be set when seccomp type is Localhost"));
  } else {
    pushAll(errors, localDescendingPath(here, profile.localhostProfile));
  }
  return errors;
}

/** PATH_MAX less the final NUL. */
const maxProfileLength = 4095;

export function validateAppArmorProfile(profile: AppArmorProfile | undefined, at: FieldPath): FieldError[] {
  if (profile === undefined) return [];
  const { type, localhostProfile } = profile;
  const here = at.child("localhostProfile");
  if (!type) return [required(at.child("type"), "type is required when appArmorProfile is set")];
  if (!profileTypes.includes(type)) return [notSupported(at.child("type"), type, profileTypes)];
  if (type !== "Localhost")
    return localhostProfile === undefined
      ? []
      : [invalidValue(here, localhostProfile, "can only be set when AppArmor type is Localhost")];

  if (localhostProfile === undefined) return [required(here, "must be set when AppArmor type is Localhost")];
  const errors: FieldError[] = [];
  if (localhostProfile.trim() !== localhostProfile)
    errors.push(invalidValue(here, localhostProfile, "must not be padded with whitespace"));
  else if (localhostProfile === "") errors.push(required(here, "must be set when AppArmor type is Localhost"));
  if (localhostProfile.length > maxProfileLength) errors.push(tooLong(here, maxProfileLength));
  return errors;
}

const maxCredentialSpecKiB = 64;

export function validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  at: FieldPath,
): FieldError[] {
  if (options === undefined) return [];
  const errors: FieldError[] = [];
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined)
    pushAll(
      errors,
      complaints(
        at.child("gmsaCredentialSpecName"),
        gmsaCredentialSpecName,
        isDNS1123Subdomain(gmsaCredentialSpecName),
      ),
    );
  if (gmsaCredentialSpec === "")
    errors.push(invalidValue(at.child("gmsaCredentialSpec"), "", "gmsaCredentialSpec cannot be an empty string"));
  else if (gmsaCredentialSpec !== undefined && gmsaCredentialSpec.length > maxCredentialSpecKiB * 1024)
    errors.push(
      invalidValue(
        at.child("gmsaCredentialSpec"),
        gmsaCredentialSpec,
        `gmsaCredentialSpec size must be under ${maxCredentialSpecKiB} KiB`,
      ),
    );
  if (runAsUserName !== undefined)
    pushAll(errors, complaints(at.child("runAsUserName"), runAsUserName, windowsUserProblems(runAsUserName)));
  return errors;
}

const netBiosDomain = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsDomain = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** `[DOMAIN\]USER`. */
function windowsUserProblems(name: string): string[] {
  if (name === "") return ["runAsUserName cannot be an empty string"];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return ["runAsUserName cannot contain control characters"];
  const parts = name.split("\\");
  if (parts.length > 2) return ["runAsUserName cannot contain more than one backslash"];
  const user = parts.at(-1) ?? "";
  const domain = parts.length === 2 ? parts[0] : undefined;

  const problems: string[] = [];
  if ((domain ?? "").length >= 256) problems.push("runAsUserName's Domain length must be under 256 characters");
  if (domain !== undefined && !netBiosDomain.test(domain) && !dnsDomain.test(domain))
    problems.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === "") problems.push("runAsUserName's User cannot be empty");
  else if (user.length > 104) problems.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) problems.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    problems.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return problems;
}
