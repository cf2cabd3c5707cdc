/**
 * `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy`: four fields that must agree.
 * Source: ValidateServiceClusterIPsRelatedFields and its update rules; KEP-563.
 */

import {
  duplicate,
  type FieldError,
  invalidValue,
  parseIp,
  path,
  pushAll,
  required,
  seenBefore,
} from "@kubets/apimachinery";
import type { Service, ServiceSpec } from "../generated/types.ts";
import { ipAddress, isDualStack, supportedOrAbsent } from "./pod-field-checks.ts";
import { headlessIP, isHeadless } from "./service-types.ts";

const specPath = path("spec");
const clusterIPsPath = specPath.child("clusterIPs");
const familiesPath = specPath.child("ipFamilies");
const policyPath = specPath.child("ipFamilyPolicy");

/** Also asked before allocation, so that an allocator meets only what makes sense. */
export function validateClusterIPs(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  if (spec.type === "ExternalName") return [];
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const errors = [
    ...validateSingular(spec),
    ...validateFamilies(ipFamilies),
    ...supportedOrAbsent(policyPath, spec.ipFamilyPolicy, ["PreferDualStack", "RequireDualStack", "SingleStack"]),
  ];
  const invalid = validateAddresses(clusterIPs);
  pushAll(errors, invalid);
  if (clusterIPs.length > 2) errors.push(invalidValue(clusterIPsPath, clusterIPs, "may only hold up to 2 values"));
  // What follows would only repeat the complaint about an address that is none.
  if (invalid.length > 0) return errors;
  if (clusterIPs.length > 1 && !isDualStack(clusterIPs))
    errors.push(invalidValue(clusterIPsPath, clusterIPs, "may specify no more than one IP for each IP family"));
  if (isHeadless(service)) return errors;
  for (const [i, ip] of clusterIPs.entries()) {
    const family = ipFamilies[i];
    if (family !== undefined && family !== familyOf(ip))
      errors.push(
        invalidValue(clusterIPsPath.index(i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``),
      );
  }
  return errors;
}

export function familyOf(ip: string): "IPv4" | "IPv6" {
  return parseIp(ip)?.family === 6 ? "IPv6" : "IPv4";
}

function validateSingular({ clusterIP = "", clusterIPs = [] }: ServiceSpec): FieldError[] {
  if (clusterIP === "")
    return clusterIPs.length === 0
      ? []
      : [invalidValue(clusterIPsPath, clusterIPs, "must be empty when `clusterIP` is not specified")];
  if (clusterIPs.length === 0) return [required(clusterIPsPath)];
  return clusterIPs[0] === clusterIP
    ? []
    : [invalidValue(clusterIPsPath, clusterIPs, "first value must match `clusterIP`")];
}

function validateFamilies(families: readonly string[]): FieldError[] {
  const seen = seenBefore<string>();
  return families.flatMap((family, i) => [
    ...supportedOrAbsent(familiesPath.index(i), family, ["IPv4", "IPv6"]),
    ...(seen(family) ? [duplicate(familiesPath.index(i), family)] : []),
  ]);
}

function validateAddresses(clusterIPs: readonly string[]): FieldError[] {
  return clusterIPs.flatMap((ip, i) => {
    if (i > 0 || ip !== headlessIP) return ipAddress(clusterIPsPath.index(i), ip);
    return clusterIPs.length > 1
      ? [invalidValue(clusterIPsPath, clusterIPs, "'None' must be the first and only value")]
      : [];
  });
}

/** The first address and family are for life; the second may come and, with SingleStack, go. */
export function validateClusterIPsUpdate(service: Service, old: Service): FieldError[] {
  if (service.spec?.type === "ExternalName" || old.spec?.type === "ExternalName") return [];
  return [...validateAddressChange(service, old), ...validateFamilyChange(service, old)];
}

function validateAddressChange(service: Service, old: Service): FieldError[] {
  if (isHeadless(service) && isHeadless(old)) return [];
  const ips = service.spec?.clusterIPs ?? [];
  const before = old.spec?.clusterIPs ?? [];
  const changed = (i: number) => invalidValue(clusterIPsPath.index(i), ips, "may not change once set");
  if (ips.length === before.length) return before.flatMap((ip, i) => (ip === ips[i] ? [] : [changed(i)]));

  const errors: FieldError[] = [];
  if (ips.length === 0) errors.push(invalidValue(clusterIPsPath.index(0), ips, "primary clusterIP can not be unset"));
  else if (before.length > 0 && ips[0] !== before[0]) errors.push(changed(0));
  if (ips.length < before.length && ips.length === 1 && service.spec?.ipFamilyPolicy !== "SingleStack")
    errors.push(mustBeSingleStack(service, "clusterIP"));
  return errors;
}

function validateFamilyChange(service: Service, old: Service): FieldError[] {
  if (isHeadless(service) || isHeadless(old)) return [];
  const { ipFamilies: families = [], clusterIPs = [] } = service.spec ?? {};
  const before = old.spec?.ipFamilies ?? [];
  const changed = (shown: unknown) => invalidValue(familiesPath.index(0), shown, "may not change once set");
  if (families.length === before.length)
    return before.flatMap((family, i) => (family === families[i] ? [] : [changed(families)]));

  const errors: FieldError[] = [];
  if (families.length < before.length && clusterIPs.length === 0)
    errors.push(invalidValue(familiesPath.index(0), families, "primary ipFamily can not be unset"));
  if (before.length > 0 && families.length > 0 && families[0] !== before[0]) errors.push(changed(clusterIPs));
  if (families.length < before.length && families.length === 1 && service.spec?.ipFamilyPolicy !== "SingleStack")
    errors.push(mustBeSingleStack(service, "ipFamily"));
  return errors;
}

function mustBeSingleStack({ spec }: Service, what: string): FieldError {
  const why = `must be set to 'SingleStack' when releasing the secondary ${what}`;
  return invalidValue(policyPath, spec?.ipFamilyPolicy ?? null, why);
}
