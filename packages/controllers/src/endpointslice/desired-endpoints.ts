/** The endpoints a Service should have, from its pods. Pure. */

import type { DiscoveryEndpointPort, Endpoint, Node, Pod, Service } from "@kubets/api";
import { isPodReady, isPodTerminating } from "../runtime/pods.ts";
import { findPort, hostnameOf, isEndpoint, isIPv6, podIPsOf } from "../runtime/service-endpoints.ts";

export type AddressType = "IPv4" | "IPv6";

/** Endpoints that share their ports: pods may give one port name different numbers. */
export interface EndpointGroup {
  readonly ports: DiscoveryEndpointPort[];
  readonly endpoints: Endpoint[];
}

export interface DesiredEndpoints {
  /** By {@link portsKey}. */
  readonly groups: ReadonlyMap<string, EndpointGroup>;
  /** Pods left out because their node is not known yet. */
  readonly waiting: readonly Pod[];
}

export function addressTypesOf(service: Service): AddressType[] {
  const families = service.spec?.ipFamilies ?? [];
  if (families.length > 0)
    return families.filter((family): family is AddressType => family === "IPv4" || family === "IPv6");
  const clusterIP = service.spec?.clusterIP;
  if (clusterIP && clusterIP !== "None") return [isIPv6(clusterIP) ? "IPv6" : "IPv4"];
  return ["IPv4", "IPv6"];
}

export function portsKey(ports: readonly DiscoveryEndpointPort[]): string {
  const lines = ports.map(({ name, port, protocol, appProtocol }) => [
    name ?? "",
    port,
    protocol ?? "TCP",
    appProtocol,
  ]);
  return JSON.stringify(lines.sort());
}

export function desiredEndpoints(
  service: Service,
  pods: readonly Pod[],
  type: AddressType,
  nodeOf: (name: string) => Node | undefined,
): DesiredEndpoints {
  const groups = new Map<string, EndpointGroup>();
  const waiting: Pod[] = [];
  for (const pod of pods) {
    if (!isEndpoint(pod, true)) continue;
    const addresses = podIPsOf(pod).filter((ip) => isIPv6(ip) === (type === "IPv6"));
    if (addresses.length === 0) continue;
    const node = pod.spec?.nodeName ? nodeOf(pod.spec.nodeName) : undefined;
    if (pod.spec?.nodeName && node === undefined && !service.spec?.publishNotReadyAddresses) {
      waiting.push(pod);
      continue;
    }
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(service, pod, node, addresses));
    groups.set(key, group);
  }
  return { groups, waiting };
}

function portsOf(service: Service, pod: Pod): DiscoveryEndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = findPort(pod, servicePort);
    if (port === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function endpointOf(service: Service, pod: Pod, node: Node | undefined, addresses: string[]): Endpoint {
  const serving = isPodReady(pod);
  const terminating = isPodTerminating(pod);
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
  const hostname = hostnameOf(pod, service);
  const zone = node?.metadata?.labels?.["topology.kubernetes.io/zone"];
  const nodeName = pod.spec?.nodeName;
  const hints = ready ? hintsOf(service, zone, nodeName) : undefined;
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(zone ? { zone } : {}),
    ...(hints === undefined ? {} : { hints }),
  };
}

/** `spec.trafficDistribution`: near endpoints first (KEP-4444, KEP-3015). */
function hintsOf(
  service: Service,
  zone: string | undefined,
  nodeName: string | undefined,
): Endpoint["hints"] | undefined {
  const distribution = service.spec?.trafficDistribution;
  const forZones = zone ? { forZones: [{ name: zone }] } : {};
  if (distribution === "PreferClose" || distribution === "PreferSameZone") return zone ? forZones : undefined;
  if (distribution === "PreferSameNode" && nodeName) return { ...forZones, forNodes: [{ name: nodeName }] };
  return undefined;
}
