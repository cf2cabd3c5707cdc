/** The Endpoints object a Service should have, from its pods. Pure. */

import type { EndpointAddress, EndpointSubset, Endpoints, Pod, Service } from "@kubets/api";
import { clone } from "@kubets/apimachinery";
import { isPodReady } from "../runtime/pods.ts";
import { findPort, hostnameOf, isEndpoint, isHeadless, isIPv6, podIPsOf } from "../runtime/service-endpoints.ts";

export const managedByLabel = "endpoints.kubernetes.io/managed-by";
const headlessLabel = "service.kubernetes.io/headless";
const overCapacityAnnotation = "endpoints.kubernetes.io/over-capacity";
/** Addresses beyond this are left out; EndpointSlices have them all. */
const maxAddresses = 1000;

type Ports = NonNullable<EndpointSubset["ports"]>;

interface Subset {
  readonly ports: Ports;
  readonly ready: EndpointAddress[];
  readonly notReady: EndpointAddress[];
}

export function endpointsFor(service: Service, pods: readonly Pod[], current: Endpoints | undefined): Endpoints {
  const labels: Record<string, string> = { ...service.metadata?.labels, [managedByLabel]: "endpoint-controller" };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = "";
  const { subsets, truncated } = subsetsOf(service, pods);
  const { annotations: old, ...metadata } = clone(current?.metadata ?? {});
  const annotations = { ...old };
  delete annotations[overCapacityAnnotation];
  if (truncated) annotations[overCapacityAnnotation] = "truncated";
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...metadata,
      name: service.metadata?.name ?? "",
      namespace: service.metadata?.namespace ?? "",
      labels,
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

function subsetsOf(service: Service, pods: readonly Pod[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const byPorts = new Map<string, Subset>();
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const included = pods.filter((pod) => isEndpoint(pod, publishAll));
  // Ready ones first: they are the ones not to lose when there are too many.
  included.sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)));
  let count = 0;
  for (const pod of included) {
    const address = addressOf(service, pod);
    const ports = portsOf(service, pod);
    if (address === undefined || (ports.length === 0 && (service.spec?.ports?.length ?? 0) > 0)) continue;
    if (++count > maxAddresses) break;
    const key = JSON.stringify(ports);
    const subset = byPorts.get(key) ?? { ports, ready: [], notReady: [] };
    byPorts.set(key, subset);
    (publishAll || isPodReady(pod) ? subset.ready : subset.notReady).push(address);
  }
  const ordered = [...byPorts.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
  return { subsets: ordered.map(([, subset]) => format(subset)), truncated: count > maxAddresses };
}

function format({ ports, ready, notReady }: Subset): EndpointSubset {
  const byIP = (a: EndpointAddress, b: EndpointAddress) => (a.ip < b.ip ? -1 : Number(a.ip > b.ip));
  return {
    ...(ready.length > 0 ? { addresses: ready.sort(byIP) } : {}),
    ...(notReady.length > 0 ? { notReadyAddresses: notReady.sort(byIP) } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  };
}

function portsOf(service: Service, pod: Pod): Ports {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = findPort(pod, servicePort);
    if (port === undefined) return [];
    const { name, protocol = "TCP", appProtocol } = servicePort;
    return [{ ...(name ? { name } : {}), port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** An Endpoints object has one family: the Service's first. */
function addressOf(service: Service, pod: Pod): EndpointAddress | undefined {
  const family = service.spec?.ipFamilies?.[0] ?? (isIPv6(service.spec?.clusterIP ?? "") ? "IPv6" : "IPv4");
  const ip = podIPsOf(pod).find((address) => isIPv6(address) === (family === "IPv6"));
  if (ip === undefined) return undefined;
  const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
  const hostname = hostnameOf(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
