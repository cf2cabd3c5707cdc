/**
 * Which addresses and ports a Service needs, and which it gives back: decided here, given by whoever has the pools.
 * Source: pkg/registry/core/service/storage/alloc.go.
 *
 * The registry's hook, before the strategy runs:
 * 1. update only: {@link patchAllocatedValues}; then {@link normalizeClusterIPs};
 * 2. {@link initIPFamilyFields}: its errors are a 422;
 * 3. {@link planCreate} or {@link planUpdate}; take every address and port from the pools, in the plan's order;
 * 4. {@link applyAllocations}; after the commit, release `plan.release`; if it fails, release what was taken.
 * After a delete, release {@link allocationsOf}.
 */

import type { Service, ServicePort } from "../generated/types.ts";
import {
  allocatesNodePorts,
  headlessIP,
  type IPFamily,
  isHeadless,
  needsHealthCheckNodePort,
  needsNodePort,
  serviceSpec,
} from "./service-types.ts";
import { sameList } from "./service-updates.ts";

export interface ClusterIPNeed {
  /** The place in `clusterIPs` and `ipFamilies`. */
  readonly index: number;
  readonly family: IPFamily;
  /** The address asked for; undefined: any free one. */
  readonly requested: string | undefined;
}

export interface NodePortNeed {
  /** Places in `ports` that get this number: one port number over TCP and UDP shares a node port. */
  readonly indexes: readonly number[];
  readonly requested: number | undefined;
}

/** What a write of a Service needs to be allocated before it is stored, and what is given back once it is. */
export interface AllocationPlan {
  readonly clusterIPs: readonly ClusterIPNeed[];
  readonly nodePorts: readonly NodePortNeed[];
  /** `requested` undefined: any free one. The whole undefined: none needed. */
  readonly healthCheckNodePort: { readonly requested: number | undefined } | undefined;
  readonly release: Allocations;
}

/** What a Service holds, or gives back. */
export interface Allocations {
  readonly clusterIPs: readonly string[];
  readonly nodePorts: readonly number[];
}

const nothing: Allocations = { clusterIPs: [], nodePorts: [] };

/** For a new Service. */
export function planCreate(service: Service): AllocationPlan {
  return {
    clusterIPs: clusterIPsForNew(service),
    nodePorts: needsNodePort(service) ? nodePortsForNew(service) : [],
    healthCheckNodePort: healthCheckNeed(service),
    release: nothing,
  };
}

/** For an update; `service` has been patched and normalized. */
export function planUpdate(service: Service, old: Service): AllocationPlan {
  const clusterIPs = clusterIPsForUpdate(service, old);
  const needsPort = needsHealthCheckNodePort(service) && !needsHealthCheckNodePort(old);
  return {
    clusterIPs: clusterIPs.needs,
    nodePorts: needsNodePort(service) ? nodePortsForUpdate(service, old) : [],
    healthCheckNodePort: needsPort ? healthCheckNeed(service) : undefined,
    release: { clusterIPs: clusterIPs.release, nodePorts: releasedNodePorts(service, old) },
  };
}

/** All that a stored Service holds: what a delete gives back, and what a restart marks as taken. */
export function allocationsOf(service: Service): Allocations {
  const { clusterIPs = [], healthCheckNodePort = 0 } = service.spec ?? {};
  const hasIPs = service.spec?.type !== "ExternalName" && !isHeadless(service);
  const nodePorts = nodePortsOf(service);
  if (needsHealthCheckNodePort(service) && healthCheckNodePort > 0) nodePorts.push(healthCheckNodePort);
  return { clusterIPs: hasIPs ? clusterIPs.filter((ip) => ip !== "") : [], nodePorts };
}

export interface Taken {
  /** One for each of `plan.clusterIPs`. */
  readonly clusterIPs: readonly string[];
  /** One for each of `plan.nodePorts`. */
  readonly nodePorts: readonly number[];
  readonly healthCheckNodePort?: number | undefined;
}

/** Writes what was taken into the Service. */
export function applyAllocations(service: Service, plan: AllocationPlan, taken: Taken): void {
  const spec = serviceSpec(service);
  for (const [i, need] of plan.clusterIPs.entries()) {
    const ip = taken.clusterIPs[i];
    if (ip === undefined) throw new Error(`no address was taken for clusterIPs[${need.index}]`);
    const clusterIPs = spec.clusterIPs ?? [];
    clusterIPs[need.index] = ip;
    spec.clusterIPs = clusterIPs;
    if (need.index === 0) spec.clusterIP = ip;
  }
  for (const [i, need] of plan.nodePorts.entries()) {
    const nodePort = taken.nodePorts[i];
    if (nodePort === undefined) throw new Error(`no node port was taken for ports[${need.indexes.join(",")}]`);
    for (const index of need.indexes) {
      const port = spec.ports?.[index];
      if (port !== undefined) port.nodePort = nodePort;
    }
  }
  if (plan.healthCheckNodePort !== undefined && taken.healthCheckNodePort !== undefined)
    spec.healthCheckNodePort = taken.healthCheckNodePort;
}

function clusterIPsForNew(service: Service): ClusterIPNeed[] {
  const { type, clusterIPs = [], ipFamilies = [] } = service.spec ?? {};
  if (type === "ExternalName" || clusterIPs[0] === headlessIP) return [];
  return ipFamilies.map((family, index) => need(index, family, clusterIPs[index]));
}

function need(index: number, family: string, ip: string | undefined): ClusterIPNeed {
  return { index, family: family as IPFamily, requested: ip || undefined };
}

interface ClusterIPChange {
  readonly needs: readonly ClusterIPNeed[];
  readonly release: readonly string[];
}

/** From ExternalName: all. To ExternalName: none. A second family that comes or goes: that one. */
function clusterIPsForUpdate(service: Service, old: Service): ClusterIPChange {
  const spec = service.spec ?? {};
  const before = old.spec ?? {};
  const isExternal = spec.type === "ExternalName";
  const wasExternal = before.type === "ExternalName";
  if (isUnchangedPreferDualStack(service, old)) return { needs: [], release: [] };
  if (wasExternal) return { needs: isExternal ? [] : clusterIPsForNew(service), release: [] };
  if (before.clusterIPs?.[0] === headlessIP) return { needs: [], release: [] };
  if (isExternal) return { needs: [], release: allocationsOf(old).clusterIPs };

  const families = spec.ipFamilies ?? [];
  const oldFamilies = before.ipFamilies ?? [];
  const [, second] = families;
  if (oldFamilies.length === 1 && second !== undefined)
    return { needs: [need(1, second, spec.clusterIPs?.[1])], release: [] };
  const secondIP = before.clusterIPs?.[1];
  if (oldFamilies.length === 2 && families.length === 1 && secondIP) return { needs: [], release: [secondIP] };
  return { needs: [], release: [] };
}

/** A cluster that became dual-stack does not by that change the Services it already has. */
export function isUnchangedPreferDualStack(service: Service, old: Service | undefined): boolean {
  const spec = service.spec ?? {};
  const before = old?.spec;
  if (before === undefined || spec.type !== before.type || spec.type === "ExternalName") return false;
  return (
    spec.ipFamilyPolicy === "PreferDualStack" &&
    (before.ipFamilyPolicy ?? "PreferDualStack") === "PreferDualStack" &&
    sameList(spec.clusterIPs, before.clusterIPs) &&
    sameList(spec.ipFamilies, before.ipFamilies)
  );
}

function nodePortsOf(service: Service): number[] {
  return (service.spec?.ports ?? []).map((port) => port.nodePort ?? 0).filter((port) => port > 0);
}

/** One node port for each port number, shared by its protocols; one that differs is asked for besides. */
function nodePortsForNew(service: Service): NodePortNeed[] {
  const ports = service.spec?.ports ?? [];
  const needs: { indexes: number[]; requested: number | undefined }[] = [];
  const byPort = new Map<number, { indexes: number[]; requested: number | undefined }>();
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort && !allocatesNodePorts(service)) continue;
    const shared = byPort.get(port.port);
    if (shared === undefined) {
      const fresh = { indexes: [index], requested: requestedFor(port.port, ports) };
      byPort.set(port.port, fresh);
      needs.push(fresh);
    } else if (!port.nodePort || port.nodePort === shared.requested) {
      shared.indexes.push(index);
    } else {
      needs.push({ indexes: [index], requested: port.nodePort });
    }
  }
  return needs;
}

/** The node port some protocol of this port number asks for. */
function requestedFor(port: number, ports: readonly ServicePort[]): number | undefined {
  return ports.find((each) => each.port === port && each.nodePort)?.nodePort;
}

function nodePortsForUpdate(service: Service, old: Service): NodePortNeed[] {
  const held = new Set(nodePortsOf(old));
  const needs: NodePortNeed[] = [];
  const asked = new Set<number>();
  for (const [index, port] of (service.spec?.ports ?? []).entries()) {
    if (!port.nodePort) {
      if (allocatesNodePorts(service)) needs.push({ indexes: [index], requested: undefined });
    } else if (!held.has(port.nodePort) && !asked.has(port.nodePort)) {
      asked.add(port.nodePort);
      needs.push({ indexes: [index], requested: port.nodePort });
    }
  }
  return needs;
}

function releasedNodePorts(service: Service, old: Service): number[] {
  const released = new Set<number>();
  const kept = new Set(needsNodePort(service) ? nodePortsOf(service) : []);
  if (needsNodePort(old)) for (const port of nodePortsOf(old)) if (!kept.has(port)) released.add(port);
  const healthPort = old.spec?.healthCheckNodePort ?? 0;
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(service) && healthPort > 0) released.add(healthPort);
  return [...released];
}

function healthCheckNeed(service: Service): AllocationPlan["healthCheckNodePort"] {
  if (!needsHealthCheckNodePort(service)) return undefined;
  return { requested: service.spec?.healthCheckNodePort || undefined };
}
