/** IPAddress and ServiceCIDR: which addresses Services may have, and which are taken. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { IPAddress, ServiceCIDR } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

function parentText(address: IPAddress): string {
  const { group = "", resource = "", namespace = "", name = "" } = address.spec?.parentRef ?? {};
  const kind = group === "" ? resource : `${resource}.${group}`;
  return [kind, namespace, name].filter((part) => part !== "").join("/");
}

export const ipAddressDefinition = define<IPAddress>("networking.k8s.io", "v1", "ipaddresses", {
  shortNames: ["ip"],
  columns: [nameColumn, column("ParentRef", parentText)],
});

export const serviceCidrDefinition = define<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", {
  strategy: specStrategy<ServiceCIDR>({}, { generationOf: [] }),
  status: statusStrategy<ServiceCIDR>(),
  columns: [nameColumn, column("CIDRs", (cidr: ServiceCIDR) => (cidr.spec?.cidrs ?? []).join(",")), ageColumn],
});
