/**
 * What a client leaves out of an update, and what no longer applies after a change of type. Both are guesses at what was meant,
 * made so that old clients and partial PUTs keep working. Source: patchAllocatedValues, normalizeClusterIPs, dropTypeDependentFields.
 */

import type { Service, ServicePort, ServiceSpec } from "../generated/types.ts";
import {
  isExternallyAccessible,
  needsClusterIP,
  needsHealthCheckNodePort,
  needsNodePort,
  serviceSpec,
} from "./service-types.ts";

/** `clusterIP` and `clusterIPs[0]` are one. For a create give no `old`; for an update call {@link patchAllocatedValues} first. */
export function normalizeClusterIPs(service: Service, old: Service | undefined): void {
  const spec = serviceSpec(service);
  const { clusterIP = "", clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== "" && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const { clusterIP: oldIP = "", clusterIPs: oldIPs = [] } = old.spec ?? {};
  // A client that knows only the singular form sends back what it read.
  if (oldIPs.length > 0 && clusterIPs.length === 0 && clusterIP === oldIP) spec.clusterIPs = [...oldIPs];
  if (clusterIP === oldIP || !sameList(oldIPs, spec.clusterIPs)) return;
  if (clusterIP === "") delete spec.clusterIPs;
  else spec.clusterIPs = [clusterIP];
}

/** Puts back allocated values that an update does not mention. The registry calls this before allocation. */
export function patchAllocatedValues(service: Service, old: Service): void {
  const spec = serviceSpec(service);
  const before = old.spec ?? {};
  if (needsClusterIP(service) && needsClusterIP(old)) {
    if (!spec.clusterIP && before.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP && before.clusterIPs)
      spec.clusterIPs = [...before.clusterIPs];
  }
  if (needsNodePort(service) && needsNodePort(old)) patchNodePorts(spec.ports ?? [], before.ports ?? []);
  if (needsHealthCheckNodePort(service) && needsHealthCheckNodePort(old) && before.healthCheckNodePort)
    spec.healthCheckNodePort ||= before.healthCheckNodePort;
}

/** By the port's name: its number or protocol may be what changed. */
function patchNodePorts(ports: readonly ServicePort[], old: readonly ServicePort[]): void {
  const taken = new Set(ports.map((port) => port.nodePort ?? 0));
  const byName = new Map(old.map((port) => [port.name ?? "", port.nodePort ?? 0]));
  for (const port of ports) {
    const known = byName.get(port.name ?? "") ?? 0;
    if (port.nodePort || known === 0 || taken.has(known)) continue;
    port.nodePort = known;
    taken.add(known);
  }
}

/**
 * Clears what the new type has no use for, if the client left it as it was: a field that was also changed is left
 * for validation to refuse. What is cleared here is released by the allocator.
 */
export function dropTypeDependentFields(service: Service, old: Service): void {
  const spec = serviceSpec(service);
  const before = old.spec ?? {};
  if (needsClusterIP(old) && !needsClusterIP(service)) dropClusterIPs(spec, before);
  if (needsNodePort(old) && !needsNodePort(service) && addsNoNodePort(spec, before))
    for (const port of spec.ports ?? []) delete port.nodePort;
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(service))
    dropIfSame(spec, before, "healthCheckNodePort");
  if (before.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    dropIfSame(spec, before, "allocateLoadBalancerNodePorts");
    dropIfSame(spec, before, "loadBalancerClass");
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(service))
    dropIfSame(spec, before, "externalTrafficPolicy");
  if (spec.type !== "LoadBalancer" && service.status !== undefined) service.status.loadBalancer = {};
}

function dropClusterIPs(spec: ServiceSpec, before: ServiceSpec): void {
  if ((spec.clusterIP ?? "") === (before.clusterIP ?? "") && sameList(spec.clusterIPs, before.clusterIPs)) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (sameList(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
  dropIfSame(spec, before, "ipFamilyPolicy");
}

function dropIfSame(spec: ServiceSpec, before: ServiceSpec, field: keyof ServiceSpec): void {
  if (spec[field] === before[field]) delete spec[field];
}

/** Ports may come, go and change, as long as no node port is new. */
function addsNoNodePort(spec: ServiceSpec, before: ServiceSpec): boolean {
  const known = new Set((before.ports ?? []).map((port) => port.nodePort));
  return (spec.ports ?? []).every((port) => !port.nodePort || known.has(port.nodePort));
}

export function sameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  const left = a ?? [];
  const right = b ?? [];
  return left.length === right.length && left.every((each, i) => each === right[i]);
}
