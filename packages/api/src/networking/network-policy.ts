/** NetworkPolicy. */

import { formatLabelSelector } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { NetworkPolicy } from "../generated/types.ts";
import { specStrategy } from "../strategy.ts";

function setDefaults({ spec }: NetworkPolicy): void {
  if (spec === undefined) return;
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
  if ((spec.policyTypes ?? []).length === 0) {
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  }
}

export const networkPolicyDefinition = define<NetworkPolicy>("networking.k8s.io", "v1", "networkpolicies", {
  shortNames: ["netpol"],
  strategy: specStrategy<NetworkPolicy>({ setDefaults }, { status: false }),
  columns: [
    nameColumn,
    column("Pod-Selector", (policy: NetworkPolicy) => formatLabelSelector(policy.spec?.podSelector)),
    ageColumn,
  ],
});
