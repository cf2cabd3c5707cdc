/** Services and EndpointSlices -> what a proxier must make true. Pure. Source: pkg/proxy/{servicechangetracker,topology}.go. */

import type { ServicePort as ApiServicePort, EndpointSlice, Service } from "@kubets/api";

export interface Endpoint {
  readonly ip: string;
  readonly port: number;
  readonly isLocal: boolean;
}

/** One port of one Service, in one address family. */
export interface ServicePort {
  /** `namespace/name:port`, or `namespace/name` for an unnamed port; the key of everything about it. */
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  readonly portName: string;
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly clusterIP: string;
  readonly port: number;
  /** 0 for none. */
  readonly nodePort: number;
  /** External IPs and load balancer IPs. */
  readonly externalIPs: readonly string[];
  /** ClientIP affinity's timeout in seconds; 0 for none. */
  readonly affinitySeconds: number;
  /** `externalTrafficPolicy: Local`: traffic from outside stays on this node and keeps its source address. */
  readonly externalLocal: boolean;
  /** For traffic to the cluster IP, and to the rest under `externalTrafficPolicy: Cluster`. */
  readonly endpoints: readonly Endpoint[];
  /** For traffic from outside under `externalTrafficPolicy: Local`. */
  readonly localEndpoints: readonly Endpoint[];
  /** The Service has endpoints somewhere, though perhaps none that may be used from here: then traffic is dropped, not rejected. */
  readonly hasAnyEndpoints: boolean;
}

export interface Place {
  readonly nodeName: string;
  readonly family: "IPv4" | "IPv6";
}

/** Everything the node must do for one Service. ExternalName and headless Services need nothing. */
export function servicePortsOf(service: Service, slices: readonly EndpointSlice[], place: Place): ServicePort[] {
  const spec = service.spec;
  const clusterIP = addressOf(service, place.family);
  if (spec === undefined || spec.type === "ExternalName" || clusterIP === undefined) return [];
  return (spec.ports ?? []).map((port) => servicePortOf(service, port, clusterIP, slices, place));
}

function servicePortOf(
  service: Service,
  port: ApiServicePort,
  clusterIP: string,
  slices: readonly EndpointSlice[],
  place: Place,
): ServicePort {
  const spec = service.spec ?? {};
  const { namespace = "", name = "" } = service.metadata ?? {};
  const all = endpointsOf(slices, port.name ?? "", place);
  const clusterWide = usable(all);
  const onThisNode = usable(all.filter((e) => e.isLocal));
  const affinity = spec.sessionAffinity === "ClientIP";
  return {
    name: port.name ? `${namespace}/${name}:${port.name}` : `${namespace}/${name}`,
    namespace,
    service: name,
    portName: port.name ?? "",
    protocol: (port.protocol ?? "TCP").toLowerCase() as ServicePort["protocol"],
    clusterIP,
    port: port.port,
    nodePort: port.nodePort ?? 0,
    externalIPs: externalIPsOf(service, place.family),
    affinitySeconds: affinity ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : 0,
    externalLocal: spec.externalTrafficPolicy === "Local",
    endpoints: spec.internalTrafficPolicy === "Local" ? onThisNode : clusterWide,
    localEndpoints: onThisNode,
    hasAnyEndpoints: clusterWide.length > 0,
  };
}

function addressOf(service: Service, family: Place["family"]): string | undefined {
  const spec = service.spec;
  const addresses = spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []);
  return addresses.find((ip) => ip !== "None" && ip !== "" && familyOf(ip) === family);
}

function externalIPsOf(service: Service, family: Place["family"]): string[] {
  const balancers = (service.status?.loadBalancer?.ingress ?? [])
    .filter((i) => i.ip !== undefined && i.ipMode !== "Proxy")
    .map((i) => i.ip as string);
  return [...(service.spec?.externalIPs ?? []), ...balancers].filter((ip) => familyOf(ip) === family);
}

export function familyOf(ip: string): Place["family"] {
  return ip.includes(":") ? "IPv6" : "IPv4";
}

interface Candidate extends Endpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

function endpointsOf(slices: readonly EndpointSlice[], portName: string, place: Place): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    if (slice.addressType !== place.family) continue;
    const port = slice.ports?.find((p) => (p.name ?? "") === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions = {}, nodeName } of slice.endpoints ?? []) {
      const ip = addresses[0];
      if (ip === undefined) continue;
      const ready = conditions.ready ?? true;
      found.set(`${ip}:${port}`, {
        ip,
        port,
        isLocal: nodeName === place.nodeName,
        ready,
        serving: conditions.serving ?? ready,
        terminating: conditions.terminating ?? false,
      });
    }
  }
  return [...found.values()];
}

/** The ready ones; when there are none, those that are terminating and still serve (KEP-1669). In a stable order, so that nothing changes for nothing. */
function usable(candidates: readonly Candidate[]): Endpoint[] {
  const ready = candidates.filter((e) => e.ready);
  const chosen = ready.length > 0 ? ready : candidates.filter((e) => e.serving && e.terminating);
  return chosen
    .map(({ ip, port, isLocal }) => ({ ip, port, isLocal }))
    .sort((a, b) => (a.ip === b.ip ? a.port - b.port : a.ip < b.ip ? -1 : 1));
}
