/** What resource names mean. Source: pkg/apis/core/helper and component-helpers/resource. */

export const hugePagesPrefix = "hugepages-";
const requestsPrefix = "requests.";
const nativeDomain = "kubernetes.io/";

const standardContainerResources = new Set(["cpu", "memory", "ephemeral-storage"]);

const standardResources = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "storage",
  "requests.storage",
  "services.nodeports",
  "services.loadbalancers",
]);

/** Counted in whole units: validation refuses fractions. */
const integerResources = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);

export function isHugePageResource(name: string): boolean {
  return name.startsWith(hugePagesPrefix);
}

/** No domain, or one of Kubernetes' own. */
export function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes(nativeDomain);
}

/** `example.com/device`: announced by a device plugin, counted in whole units, never overcommitted. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith(requestsPrefix);
}

export function isStandardResource(name: string): boolean {
  return standardResources.has(name) || isQuotaHugePageResource(name) || isHugePageResource(name);
}

function isQuotaHugePageResource(name: string): boolean {
  return isHugePageResource(name) || name.startsWith(requestsPrefix + hugePagesPrefix);
}

export function isStandardContainerResource(name: string): boolean {
  return standardContainerResources.has(name) || isHugePageResource(name);
}

export function isIntegerResource(name: string): boolean {
  return integerResources.has(name) || isExtendedResource(name);
}

/** A limit above the request makes sense only for these: huge pages and devices are handed out whole. */
export function isOvercommitAllowed(name: string): boolean {
  return isNativeResource(name) && !isHugePageResource(name);
}

/** What `spec.resources` of a Pod may name. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || isHugePageResource(name);
}

export const podLevelResources = ["cpu", "hugepages-", "memory"] as const;
