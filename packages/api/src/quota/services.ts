/** Services against quotas. Source: kubernetes' pkg/quota/v1/evaluator/core/services.go. */

import { Quantity } from "@kubets/apimachinery";
import type { Service } from "../generated/types.ts";
import type { Amounts } from "./amounts.ts";
import { countName, one, type QuotaEvaluator } from "./evaluator.ts";

const countServices = countName("", "services");
const counted = new Set([countServices, "services", "services.nodeports", "services.loadbalancers"]);

export const serviceEvaluator: QuotaEvaluator = {
  group: "",
  plural: "services",
  // Updates too: a Service can change its type.
  handles: ({ operation }) => operation === "CREATE" || operation === "UPDATE",
  counts: (name) => counted.has(name),
  usage: (object) => serviceUsage(object as Service),
};

function serviceUsage({ spec }: Service): Amounts {
  const ports = spec?.ports ?? [];
  const isBalanced = spec?.type === "LoadBalancer";
  // By intent: node ports are given out after admission.
  const without = isBalanced && spec.allocateLoadBalancerNodePorts === false;
  const nodePorts = without ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
  const hasNodePorts = isBalanced || spec?.type === "NodePort";
  return new Map([
    [countServices, one],
    ["services", one],
    ["services.loadbalancers", isBalanced ? one : Quantity.zero],
    ["services.nodeports", hasNodePorts ? Quantity.of(nodePorts) : Quantity.zero],
  ]);
}
