/** What a Service's type asks for. Source: pkg/api/service and pkg/registry/core/service/strategy.go. */

import type { Service, ServiceSpec } from "../generated/types.ts";

export const headlessIP = "None";

export type IPFamily = "IPv4" | "IPv6";

export function serviceSpec(service: Service): ServiceSpec {
  service.spec ??= {};
  return service.spec;
}

/** `clusterIP: None`: DNS answers with the Pods' own addresses. */
export function isHeadless(service: Service): boolean {
  const ips = service.spec?.clusterIPs ?? [];
  return ips.length === 1 && ips[0] === headlessIP;
}

/** Every type but ExternalName has cluster IPs ("None" counts as one). */
export function needsClusterIP(service: Service): boolean {
  return service.spec?.type !== "ExternalName";
}

export function needsNodePort(service: Service): boolean {
  return service.spec?.type === "NodePort" || service.spec?.type === "LoadBalancer";
}

/** A load balancer that must know which nodes have endpoints asks this port. */
export function needsHealthCheckNodePort(service: Service): boolean {
  return service.spec?.type === "LoadBalancer" && service.spec.externalTrafficPolicy === "Local";
}

/** Node ports are given unasked, unless a load balancer's author declines them. */
export function allocatesNodePorts(service: Service): boolean {
  if (service.spec?.type === "NodePort") return true;
  return service.spec?.type === "LoadBalancer" && service.spec.allocateLoadBalancerNodePorts !== false;
}

/** Reached from outside the cluster, so that `externalTrafficPolicy` means something. */
export function isExternallyAccessible(service: Service): boolean {
  if (needsNodePort(service)) return true;
  return service.spec?.type === "ClusterIP" && (service.spec.externalIPs ?? []).length > 0;
}
