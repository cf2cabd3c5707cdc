/** Fills in `ipFamilyPolicy` and `ipFamilies` from what the client gave and what the cluster has. Source: initIPFamilyFields; KEP-563. */

import { type FieldError, invalidValue, path, pushAll } from "@kubets/apimachinery";
import type { Service, ServiceSpec } from "../generated/types.ts";
import { isUnchangedPreferDualStack } from "./service-allocation.ts";
import { familyOf, validateClusterIPs } from "./service-cluster-ips.ts";
import { headlessIP, type IPFamily, serviceSpec } from "./service-types.ts";
import { sameList } from "./service-updates.ts";

const specPath = path("spec");
const policyPath = specPath.child("ipFamilyPolicy");

/** `families` are those of the cluster's Service ranges, its own first. Changes `service`; errors make a 422. */
export function initIPFamilyFields(
  service: Service,
  old: Service | undefined,
  families: readonly IPFamily[],
): FieldError[] {
  const spec = serviceSpec(service);
  if (spec.type === "ExternalName" || isUnchangedPreferDualStack(service, old)) return [];
  spec.ipFamilyPolicy ??= old?.spec?.ipFamilyPolicy ?? defaultPolicy(spec);
  const wrong = validateClusterIPs(service);
  if (wrong.length > 0) return wrong;

  const errors = old === undefined ? [] : reduceFields(spec, old.spec ?? {});
  pushAll(errors, [...singleStackErrors(spec), ...inferFamilies(spec, families)]);
  if (errors.length > 0) return errors;
  if (isSelectorlessHeadless(spec)) {
    setHeadlessFamilies(spec, families);
    return [];
  }
  const notConfigured = clusterErrors(spec, families);
  if (notConfigured.length > 0) return notConfigured;
  spec.ipFamilies = completeFamilies(spec, families);
  return [];
}

/** Headless without a selector: the author writes the endpoints, of any family, whatever the cluster has. */
function isSelectorlessHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIP === headlessIP && Object.keys(spec.selector ?? {}).length === 0;
}

function defaultPolicy(spec: ServiceSpec): string {
  return isSelectorlessHeadless(spec) ? "RequireDualStack" : "SingleStack";
}

/** SingleStack, said clearly, drops the second of each; without it, dropping one is an error. */
function reduceFields(spec: ServiceSpec, before: ServiceSpec): FieldError[] {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  if (spec.ipFamilyPolicy === "SingleStack") {
    if (clusterIPs.length > 1 && sameList(clusterIPs, before.clusterIPs)) spec.clusterIPs = clusterIPs.slice(0, 1);
    if (ipFamilies.length > 1 && sameList(ipFamilies, before.ipFamilies)) spec.ipFamilies = ipFamilies.slice(0, 1);
    return [];
  }
  const errors: FieldError[] = [];
  const why = (what: string) =>
    invalidValue(policyPath, spec.ipFamilyPolicy, `must be 'SingleStack' to release the secondary ${what}`);
  if (clusterIPs.length > 0 && clusterIPs.length < (before.clusterIPs ?? []).length) errors.push(why("cluster IP"));
  if (ipFamilies.length > 0 && ipFamilies.length < (before.ipFamilies ?? []).length) errors.push(why("IP family"));
  return errors;
}

function singleStackErrors({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): FieldError[] {
  if (ipFamilyPolicy !== "SingleStack") return [];
  const why = (what: string) => `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  const errors: FieldError[] = [];
  if (clusterIPs?.length === 2) errors.push(invalidValue(policyPath, ipFamilyPolicy, why("cluster IPs")));
  if (ipFamilies?.length === 2) errors.push(invalidValue(policyPath, ipFamilyPolicy, why("IP families")));
  return errors;
}

/** An address the client named tells its family. */
function inferFamilies(spec: ServiceSpec, families: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  const known = [...(spec.ipFamilies ?? [])];
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === headlessIP) break;
    if (i < known.length) continue;
    const family = familyOf(ip);
    if (families.includes(family)) known.push(family);
    else
      errors.push(
        invalidValue(
          specPath.child("clusterIPs").index(i),
          spec.clusterIPs,
          `${family} is not configured on this cluster`,
        ),
      );
  }
  if (known.length > 0) spec.ipFamilies = known;
  return errors;
}

const other = (family: string | undefined): IPFamily => (family === "IPv4" ? "IPv6" : "IPv4");

function setHeadlessFamilies(spec: ServiceSpec, families: readonly IPFamily[]): void {
  const first = spec.ipFamilies?.[0] ?? families[0] ?? "IPv4";
  const isSingle = spec.ipFamilyPolicy === "SingleStack";
  if ((spec.ipFamilies ?? []).length < 2) spec.ipFamilies = isSingle ? [first] : [first, other(first)];
}

function clusterErrors(spec: ServiceSpec, families: readonly IPFamily[]): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === "RequireDualStack" && families.length < 2)
    errors.push(
      invalidValue(policyPath, spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services"),
    );
  for (const [i, family] of (spec.ipFamilies ?? []).entries())
    if (!families.some((each) => each === family))
      errors.push(invalidValue(specPath.child("ipFamilies").index(i), family, "not configured on this cluster"));
  return errors;
}

function completeFamilies(spec: ServiceSpec, families: readonly IPFamily[]): string[] {
  const given = spec.ipFamilies ?? [];
  const first = given[0] ?? families[0] ?? "IPv4";
  const wantsSecond = spec.ipFamilyPolicy !== "SingleStack" && given.length < 2 && families.length === 2;
  return wantsSecond ? [first, other(first)] : given.length > 0 ? given : [first];
}
