/** IPAddress and ServiceCIDR: which addresses Services may have, and which are taken. */

import { type FieldError, formatIp, parseIp, path, required, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
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
  const address = parseIp(name);
  if (address === undefined) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  const canonical = formatIp(address.family, address.value);
  return canonical === name ? [] : [`must be in canonical form ("${canonical}")`];
}

const parentPath = path("spec.parentRef");

function validateParent({ spec }: IPAddress): FieldError[] {
  if (spec?.parentRef === undefined) return [required(parentPath)];
  return (["resource", "name"] as const)
    .filter((field) => !spec.parentRef[field])
    .map((field) => required(parentPath.child(field)));
}

function validateUpdate(address: IPAddress, old: IPAddress): FieldError[] {
  return validateImmutableField(address.spec?.parentRef, old.spec?.parentRef, parentPath);
}

export const ipAddressDefinition = define<IPAddress>("networking.k8s.io", "v1", "ipaddresses", {
  shortNames: ["ip"],
  strategy: { validateName: nameIsAddress, validate: validateParent, validateUpdate },
  columns: [nameColumn, column("ParentRef", parentText)],
});

export const serviceCidrDefinition = define<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", {
  strategy: specStrategy<ServiceCIDR>({}, { generationOf: [] }),
  status: statusStrategy<ServiceCIDR>(),
  columns: [nameColumn, column("CIDRs", (cidr: ServiceCIDR) => (cidr.spec?.cidrs ?? []).join(",")), ageColumn],
});
