/** Pods against quotas. Source: kubernetes' pkg/quota/v1/evaluator/core/pods.go. */

import { parseTime, type Quantity } from "@kubets/apimachinery";
import { parseResourceList } from "../core/container-quantities.ts";
import { hugePagesPrefix, isExtendedResource, isNativeResource } from "../core/container-resource-names.ts";
import { podLimits, podRequests } from "../core/pod-resources.ts";
import type { Container, Pod } from "../generated/types.ts";
import { type Amounts, addAmounts } from "./amounts.ts";
import { countName, one, type QuotaEvaluator } from "./evaluator.ts";
import { podMatchesScope } from "./scopes.ts";

const countPods = countName("", "pods");
const requestsPrefix = "requests.";

const counted = new Set([
  countPods,
  "pods",
  ...["cpu", "memory", "ephemeral-storage"].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);

/** A quota on these demands that every container says what it wants. An old mistake that no other resource repeats. */
const demanded = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

export const podEvaluator: QuotaEvaluator = {
  group: "",
  plural: "pods",
  handles: ({ operation, subresource }) =>
    (operation === "CREATE" && subresource === "") || (operation === "UPDATE" && subresource === "resize"),
  counts(name) {
    if (counted.has(name)) return true;
    if (name.startsWith(hugePagesPrefix) || name.startsWith(requestsPrefix + hugePagesPrefix)) return true;
    return !isNativeResource(name) && name.startsWith(requestsPrefix);
  },
  usage: (object, nowMs) => podUsage(object as Pod, nowMs),
  matchesScope: (scope, object) => podMatchesScope(scope, object as Pod),
  missing: (required, object) => unsaid(required, object as Pod),
};

/** Objects are counted whatever their state; what they ask for only while they can run. */
function podUsage(pod: Pod, nowMs: number): Amounts {
  const count = new Map([[countPods, one]]);
  if (isOver(pod, nowMs)) return count;
  return addAmounts(count, computeUsage(podRequests(pod, { useStatusResources: true }), podLimits(pod)));
}

function isOver({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === "Failed" || status?.phase === "Succeeded") return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  return nowMs > parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function computeUsage(requests: Amounts, limits: Amounts): Map<string, Quantity> {
  const usage = new Map<string, Quantity>([["pods", one]]);
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    const [request, limit] = [requests.get(name), limits.get(name)];
    if (request !== undefined) usage.set(name, request).set(`requests.${name}`, request);
    if (limit !== undefined) usage.set(`limits.${name}`, limit);
  }
  for (const [name, request] of requests) {
    if (name.startsWith(hugePagesPrefix)) usage.set(name, request).set(requestsPrefix + name, request);
    if (isExtendedResource(name)) usage.set(requestsPrefix + name, request);
  }
  return usage;
}

function unsaid(required: readonly string[], { spec }: Pod): string | undefined {
  // A pod that says it as a whole need not say it for each container.
  const { requests, limits } = spec?.resources ?? {};
  if (Object.keys(requests ?? {}).length > 0 || Object.keys(limits ?? {}).length > 0) return undefined;
  const wanted = demanded.filter((name) => required.includes(name));
  if (wanted.length === 0) return undefined;
  const missing = new Map<string, Set<string>>();
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) {
    const said = usageOf(container);
    for (const name of wanted) {
      if (said.has(name)) continue;
      missing.set(name, (missing.get(name) ?? new Set()).add(container.name));
    }
  }
  if (missing.size === 0) return undefined;
  const each = [...missing].sort(([a], [b]) => (a < b ? -1 : 1));
  return `must specify ${each.map(([name, containers]) => `${name} for: ${[...containers].sort().join(",")}`).join("; ")}`;
}

function usageOf({ resources }: Container): Amounts {
  return computeUsage(parseResourceList(resources?.requests), parseResourceList(resources?.limits));
}
