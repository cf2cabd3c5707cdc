/**
 * What the server itself puts into a cluster: the default namespaces, and the `kubernetes` Service with its endpoints.
 * Source: pkg/controlplane/controller/systemnamespaces and kubernetesservice, reconcilers.
 */

import type { EndpointSlice, Endpoints, Service } from "@kubets/api";
import { deepEqual, isAlreadyExists, isNotFound, type KubeObject, StatusError } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";

/** Who the server is when it writes for itself. */
export const apiServerIdentity = { name: "system:apiserver", groups: ["system:masters"] };

export const defaultNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Makes those that are missing. */
export async function ensureNamespaces(transport: InProcessTransport): Promise<void> {
  await Promise.all(
    defaultNamespaces.map((name) =>
      ensure(transport, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } }),
    ),
  );
}

/** Creates an object unless one of its name is there. */
async function ensure(transport: InProcessTransport, collection: string, object: KubeObject): Promise<void> {
  const path = `${collection}/${object.metadata!.name}`;
  try {
    await transport.request({ method: "GET", path, query: {} });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await transport.request({ method: "POST", path: collection, query: {}, body: object }).catch((failed: unknown) => {
      // Another server was first.
      if (!isAlreadyExists(failed)) throw failed;
    });
  }
}

export interface ServicePublication {
  readonly transport: InProcessTransport;
  /** The first address of the service CIDR. */
  readonly clusterIP: string;
  readonly advertiseAddress: string;
  /** Where this server listens. */
  readonly port: number;
  /** The Service's port. Default 443. */
  readonly servicePort?: number;
}

/** `default/kubernetes` as it should be: the Service, Endpoints and EndpointSlice, made or put right. */
export async function publishKubernetesService(publication: ServicePublication): Promise<void> {
  const { transport, clusterIP, servicePort = 443, port } = publication;
  const labels = { component: "apiserver", provider: "kubernetes" };
  const service: Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kubernetes", namespace: "default", labels },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: [clusterIP.includes(":") ? "IPv6" : "IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
      ports: [{ name: "https", port: servicePort, protocol: "TCP", targetPort: port }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
  };
  await put(transport, "/api/v1/namespaces/default/services", service, (found, wanted) => {
    const [a, b] = [found as Service, wanted as Service];
    return deepEqual(a.spec?.ports, b.spec?.ports) && a.spec?.type === "ClusterIP" && a.spec.clusterIP === clusterIP
      ? undefined
      : { ...a, spec: { ...a.spec, ports: b.spec?.ports ?? [], type: "ClusterIP" } };
  });
  await publishEndpoints(publication);
}

async function publishEndpoints({ transport, advertiseAddress, port }: ServicePublication): Promise<void> {
  const endpoints: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
  await put(transport, "/api/v1/namespaces/default/endpoints", endpoints, (found) =>
    deepEqual((found as Endpoints).subsets, endpoints.subsets)
      ? undefined
      : { ...found, metadata: { ...found.metadata, ...endpoints.metadata }, subsets: endpoints.subsets ?? [] },
  );
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kubernetes", namespace: "default", labels: { "kubernetes.io/service-name": "kubernetes" } },
    addressType: advertiseAddress.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [advertiseAddress], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
  await put(transport, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice, (found) => {
    const present = found as EndpointSlice;
    const same = deepEqual(present.ports, slice.ports) && sameAddresses(present, advertiseAddress);
    return same ? undefined : { ...present, ports: slice.ports ?? [], endpoints: slice.endpoints };
  });
}

function sameAddresses({ endpoints = [] }: EndpointSlice, address: string): boolean {
  return endpoints.length === 1 && deepEqual(endpoints[0]!.addresses, [address]);
}

/** Creates `wanted`, or updates what is there to what `corrected` gives; undefined when it is right. */
async function put(
  transport: InProcessTransport,
  collection: string,
  wanted: KubeObject,
  corrected: (found: KubeObject, wanted: KubeObject) => KubeObject | undefined,
): Promise<void> {
  await ensure(transport, collection, wanted);
  const path = `${collection}/${wanted.metadata!.name}`;
  for (let attempt = 1; ; attempt++) {
    const found = (await transport.request({ method: "GET", path, query: {} })) as KubeObject;
    const update = corrected(found, wanted);
    if (update === undefined) return;
    try {
      await transport.request({ method: "PUT", path, query: {}, body: update });
      return;
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 409 || attempt === 5) throw error;
    }
  }
}
