/** IPAddress and ServiceCIDR: which addresses Services may have, and which are taken. */

import {
  type FieldError,
  invalidValue,
  parseCidr,
  path,
  required,
  validateCidr,
  validateImmutableField,
  validateIp,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { pathSegment } from "../core/name-checks.ts";
import { dnsSubdomain } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { IPAddress, ServiceCIDR } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

function parentText(address: IPAddress): string {
  const { group = "", resource = "", namespace = "", name = "" } = address.spec?.parentRef ?? {};
  const kind = group === "" ? resource : `${resource}.${group}`;
  return [kind, namespace, name].filter((part) => part !== "").join("/");
}

/** The object's name is the address, in canonical form. */
function nameIsAddress(name: string): string[] {
  const prefix = `Invalid value: ${JSON.stringify(name)}: `;
  return validateIp(name, path()).map(({ message }) => message.slice(prefix.length));
}

function validateParent({ spec }: IPAddress): FieldError[] {
  const at = path("spec.parentRef");
  const { parentRef } = spec ?? {};
  if (parentRef === undefined) return [required(at)];
  const { group = "", resource = "", namespace = "", name = "" } = parentRef;
  return [
    ...(group === "" ? [] : dnsSubdomain(at.child("group"), group)),
    ...pathSegment(at.child("resource"), resource),
    ...pathSegment(at.child("name"), name),
    ...(namespace === "" ? [] : pathSegment(at.child("namespace"), namespace)),
  ];
}

function validateUpdate(address: IPAddress, old: IPAddress): FieldError[] {
  return validateImmutableField(address.spec?.parentRef, old.spec?.parentRef, path("spec.parentRef"));
}

const cidrsPath = path("spec.cidrs");

/** One range, or one of each family. */
function validateCidrs({ spec }: ServiceCIDR): FieldError[] {
  const cidrs = spec?.cidrs ?? [];
  // The type within upstream has no JSON names.
  const value = { CIDRs: cidrs };
  if (cidrs.length === 0) return [required(cidrsPath, "at least one CIDR required")];
  if (cidrs.length > 2) return [invalidValue(cidrsPath, value, "may only hold up to 2 values")];
  const families = cidrs.map((cidr) => parseCidr(cidr)?.family);
  if (cidrs.length === 2 && (families.includes(undefined) || families[0] === families[1])) {
    const why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
    return [invalidValue(cidrsPath, value, why)];
  }
  return cidrs.flatMap((cidr, i) => validateCidr(cidr, cidrsPath.index(i)));
}

export const ipAddressDefinition = define<IPAddress>("networking.k8s.io", "v1", "ipaddresses", {
  shortNames: ["ip"],
  strategy: { validateName: nameIsAddress, validate: validateParent, validateUpdate },
  columns: [nameColumn, column("ParentRef", parentText)],
});

export const serviceCidrDefinition = define<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", {
  strategy: specStrategy<ServiceCIDR>(
    {
      validate: validateCidrs,
      validateUpdate: (cidr, old) => validateImmutableField(cidr.spec?.cidrs, old.spec?.cidrs, cidrsPath),
    },
    { generationOf: [] },
  ),
  status: statusStrategy<ServiceCIDR>(),
  columns: [nameColumn, column("CIDRs", (cidr: ServiceCIDR) => (cidr.spec?.cidrs ?? []).join(",")), ageColumn],
});
