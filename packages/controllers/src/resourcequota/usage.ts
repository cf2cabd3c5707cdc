/** What objects use of a quota. Names and rules of upstream's pkg/quota/v1/evaluator. Pure. */

import {
  type PersistentVolumeClaim,
  type Pod,
  podLimits,
  podRequests,
  qosClassOf,
  type ResourceQuota,
  type ScopedResourceSelectorRequirement,
  type Service,
} from "@kubets/api";
import { type KubeObject, parseTime, Quantity, tryParseQuantity } from "@kubets/apimachinery";
import { isPodTerminal } from "../runtime/pods.ts";

export interface CountedResource {
  readonly group: string;
  readonly plural: string;
}

type Usage = Map<string, Quantity>;

/** Core kinds that may be named without `count/`. */
const plainCounts = new Set([
  "configmaps",
  "secrets",
  "replicationcontrollers",
  "resourcequotas",
  "services",
  "persistentvolumeclaims",
  "pods",
]);
const one = Quantity.of(1);

/** The kind whose objects a name in `spec.hard` counts; undefined for a name nothing is known of. */
export function resourceFor(name: string): CountedResource | undefined {
  if (name.startsWith("count/")) {
    const rest = name.slice("count/".length);
    const dot = rest.indexOf(".");
    return dot < 0 ? { group: "", plural: rest } : { group: rest.slice(dot + 1), plural: rest.slice(0, dot) };
  }
  if (plainCounts.has(name)) return { group: "", plural: name };
  if (name.startsWith("services.")) return { group: "", plural: "services" };
  if (name === "requests.storage" || name.includes(".storageclass.storage.k8s.io/"))
    return { group: "", plural: "persistentvolumeclaims" };
  const compute = /^(cpu|memory|ephemeral-storage|hugepages-.*|(requests|limits)\..+)$/.test(name);
  return compute ? { group: "", plural: "pods" } : undefined;
}

/** What one object uses, by quota name. */
export function usageOf(resource: CountedResource, object: KubeObject, nowMs: number): Usage {
  const { group, plural } = resource;
  const usage: Usage = new Map([[`count/${plural}${group === "" ? "" : `.${group}`}`, one]]);
  if (group !== "") return usage;
  if (plural === "pods") return podUsage(usage, object as Pod, nowMs);
  if (plainCounts.has(plural)) usage.set(plural, one);
  if (plural === "services") serviceUsage(usage, object as Service);
  if (plural === "persistentvolumeclaims") claimUsage(usage, object as PersistentVolumeClaim);
  return usage;
}

/** Finished pods, and those that should have been gone by now, use nothing but their place. */
function podUsage(usage: Usage, pod: Pod, nowMs: number): Usage {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata ?? {};
  const overdue =
    deletionTimestamp !== undefined && parseTime(deletionTimestamp) + deletionGracePeriodSeconds * 1000 < nowMs;
  if (isPodTerminal(pod) || overdue) return usage;
  usage.set("pods", one);
  const plain = /^(cpu|memory|ephemeral-storage|hugepages-.*)$/;
  for (const [name, amount] of podRequests(pod)) {
    if (plain.test(name)) usage.set(name, amount);
    usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of podLimits(pod)) usage.set(`limits.${name}`, amount);
  return usage;
}

function serviceUsage(usage: Usage, { spec }: Service): void {
  const ports = spec?.ports ?? [];
  if (spec?.type === "NodePort") usage.set("services.nodeports", Quantity.of(ports.length));
  if (spec?.type !== "LoadBalancer") return;
  usage.set("services.loadbalancers", one);
  const allocated = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  usage.set("services.nodeports", Quantity.of(allocated.length));
}

function claimUsage(usage: Usage, { spec }: PersistentVolumeClaim): void {
  const storage = tryParseQuantity(spec?.resources?.requests?.storage);
  const prefix = spec?.storageClassName ? `${spec.storageClassName}.storageclass.storage.k8s.io/` : undefined;
  if (prefix !== undefined) usage.set(`${prefix}persistentvolumeclaims`, one);
  if (storage === undefined) return;
  usage.set("requests.storage", storage);
  if (prefix !== undefined) usage.set(`${prefix}requests.storage`, storage);
}

/** Whether a quota is about this object at all: one with scopes is about some pods only. */
export function inScope(quota: ResourceQuota, { group, plural }: CountedResource, object: KubeObject): boolean {
  const scopes = (quota.spec?.scopes ?? []).map(
    (scopeName): ScopedResourceSelectorRequirement => ({ scopeName, operator: "Exists" }),
  );
  const all = [...scopes, ...(quota.spec?.scopeSelector?.matchExpressions ?? [])];
  if (all.length === 0) return true;
  return group === "" && plural === "pods" && all.every((requirement) => podInScope(requirement, object as Pod));
}

function podInScope({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const deadline = pod.spec?.activeDeadlineSeconds;
  switch (scopeName) {
    case "Terminating":
      return deadline !== undefined && deadline >= 0;
    case "NotTerminating":
      return deadline === undefined;
    case "BestEffort":
      return qosClassOf(pod) === "BestEffort";
    case "NotBestEffort":
      return qosClassOf(pod) !== "BestEffort";
    case "PriorityClass":
      return matches(operator, values, pod.spec?.priorityClassName);
    case "CrossNamespacePodAffinity":
      return usesOtherNamespaces(pod);
    default:
      return false;
  }
}

function matches(operator: string, values: readonly string[], value: string | undefined): boolean {
  const found = value ? values.includes(value) : false;
  if (operator === "Exists") return Boolean(value);
  if (operator === "DoesNotExist") return !value;
  return operator === "In" ? found : operator === "NotIn" && !found;
}

function usesOtherNamespaces({ spec }: Pod): boolean {
  const terms = [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined,
  );
}
