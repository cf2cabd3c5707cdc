/**
 * What the server itself puts into a cluster: the default namespaces, and the `kubernetes` Service with its endpoints.
 * Source: pkg/controlplane/controller/systemnamespaces and kubernetesservice, reconcilers.
 */

import { type EndpointSlice, type Endpoints, type Service, type ServiceCIDR, serviceNameLabel } from "@kubets/api";
import { deepEqual, formatTime, isAlreadyExists, isNotFound, type KubeObject, StatusError } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";

/** Who the server is when it writes for itself. */
export const apiServerIdentity = { name: "system:apiserver", groups: ["system:masters"] };

const defaultNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

/** Makes those that are missing. */
export async function ensureNamespaces(transport: InProcessTransport): Promise<void> {
  await Promise.all(
    defaultNamespaces.map((name) =>
      ensure(transport, "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } }),
    ),
  );
}

const serviceCidrs = "/apis/networking.k8s.io/v1/servicecidrs";

/** The ServiceCIDR of the server's own ranges. One that is there is left as it is, but for a state that nobody has set. */
export async function ensureServiceCidr(
  transport: InProcessTransport,
  cidrs: readonly string[],
  now: number,
): Promise<void> {
  const wanted: ServiceCIDR = {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: [...cidrs] },
  };
  await ensure(transport, serviceCidrs, wanted);
  const path = `${serviceCidrs}/kubernetes`;
  const found = (await transport.request({ method: "GET", path, query: {} })) as ServiceCIDR;
  const known = found.status?.conditions?.some(({ type, status }) => type === "Ready" && status !== "Unknown");
  if (known || !deepEqual(found.spec?.cidrs, cidrs) || found.metadata?.deletionTimestamp !== undefined) return;
  const ready = { type: "Ready", status: "True", reason: "", message: "Kubernetes default Service CIDR is ready" };
  const body = {
    ...wanted,
    spec: undefined,
    status: { conditions: [{ ...ready, lastTransitionTime: formatTime(now) }] },
  };
  await transport.request({
    method: "PATCH",
    path: `${path}/status`,
    query: { fieldManager: "kubernetes-service-cidr-controller", force: "true" },
    contentType: "application/apply-patch+yaml",
    body,
  });
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
  /** Of all servers, in order. */
  readonly addresses: () => Promise<readonly string[]>;
  /** Where this server listens, and the others as well. */
  readonly port: number;
  /** The Service's port. Default 443. */
  readonly servicePort?: number;
  /** Where it is on every node as well; 0 or undefined for nowhere. */
  readonly nodePort?: number;
}

/** `default/kubernetes` as it should be: the Service, Endpoints and EndpointSlice, made or put right. */
export async function publishKubernetesService(publication: ServicePublication): Promise<void> {
  const { transport, clusterIP, servicePort = 443, port, nodePort } = publication;
  const type = nodePort ? "NodePort" : "ClusterIP";
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
      ports: [
        { name: "https", port: servicePort, protocol: "TCP", targetPort: port, ...(nodePort ? { nodePort } : {}) },
      ],
      sessionAffinity: "None",
      type,
    },
  };
  await put(transport, "/api/v1/namespaces/default/services", service, (found, wanted) => {
    const [a, b] = [found as Service, wanted as Service];
    return deepEqual(a.spec?.ports, b.spec?.ports) && a.spec?.type === type && a.spec.clusterIP === clusterIP
      ? undefined
      : { ...a, spec: { ...a.spec, ports: b.spec?.ports ?? [], type } };
  });
  await publishEndpoints(publication);
}

async function publishEndpoints({ transport, addresses: read, port }: ServicePublication): Promise<void> {
  const addresses = await read();
  // There is nobody to be reached: what others have put there is left alone.
  if (addresses.length === 0) return;
  const endpoints: Endpoints = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
  await put(transport, "/api/v1/namespaces/default/endpoints", endpoints, (found) =>
    deepEqual((found as Endpoints).subsets, endpoints.subsets)
      ? undefined
      : { ...found, metadata: { ...found.metadata, ...endpoints.metadata }, subsets: endpoints.subsets ?? [] },
  );
  const slice: EndpointSlice = {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "kubernetes", namespace: "default", labels: { [serviceNameLabel]: "kubernetes" } },
    addressType: addresses[0]?.includes(":") ? "IPv6" : "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
  await put(transport, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", slice, (found) => {
    const present = found as EndpointSlice;
    const same = deepEqual(present.ports, slice.ports) && deepEqual(addressesOf(present), addressesOf(slice));
    return same ? undefined : { ...present, ports: slice.ports ?? [], endpoints: slice.endpoints };
  });
}

function addressesOf({ endpoints = [] }: EndpointSlice): readonly (readonly string[])[] {
  return endpoints.map(({ addresses }) => addresses ?? []);
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
