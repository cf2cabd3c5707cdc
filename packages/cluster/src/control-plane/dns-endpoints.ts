/** The Service `kube-dns` at the tenth address of the service range, and the nodes that answer for it. */

import {
  type EndpointSlice,
  endpointSlices,
  isNodeReady,
  managedByLabel,
  type Node,
  nodes,
  type Service,
  serviceNameLabel,
  services,
} from "@kubets/api";
import {
  ChangeSet,
  type Clock,
  type Component,
  deepEqual,
  type Health,
  isNotFound,
  type Logger,
} from "@kubets/apimachinery";
import type { Client, InformerFactory } from "@kubets/client";
import { dnsPort } from "../dns-port.ts";
import { serviceAddress } from "../local-nodes.ts";

const name = "kube-dns";
const namespace = "kube-system";
const ports = [
  { name: "dns", port: 53, protocol: "UDP" },
  { name: "dns-tcp", port: 53, protocol: "TCP" },
];

export interface DnsEndpointsOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly serviceCIDR: string;
  /** The nodes that run a DNS server. */
  readonly nodeNames: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

const retryMs = 1_000;

export class DnsEndpoints implements Component {
  readonly name = "dns-endpoints";
  readonly #options: DnsEndpointsOptions;
  readonly #ready = Promise.withResolvers<void>();
  #health: Health = { ok: false, reason: "the Service is not written yet" };

  constructor(options: DnsEndpointsOptions) {
    this.#options = options;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { informers, clock, logger, nodeNames } = this.#options;
    const informer = informers.informer(nodes);
    const changes = new ChangeSet();
    const mark = () => changes.mark();
    const remove = informer.addHandler({ add: mark, update: mark, delete: mark });
    let written: EndpointSlice | undefined;
    try {
      await informer.synced(signal);
      mark();
      for (;;) {
        await changes.take(signal);
        const present = nodeNames.flatMap((node) => informer.lister.get(undefined, node) ?? []);
        const wanted = sliceOf(present);
        if (deepEqual(wanted, written)) continue;
        try {
          await this.#write(wanted, signal);
          written = wanted;
          this.#health = { ok: true };
          this.#ready.resolve();
        } catch (err) {
          if (signal.aborted) return;
          logger.error("Could not publish the DNS servers; trying again", { err, retryMs });
          await clock.sleep(retryMs, signal);
          mark();
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      remove();
    }
  }

  async #write(slice: EndpointSlice, signal: AbortSignal): Promise<void> {
    const { client, serviceCIDR } = this.#options;
    const inNamespace = client.resource(services).namespace(namespace);
    try {
      await inNamespace.get(name, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await inNamespace.create(serviceOf(serviceAddress(serviceCIDR, 10)), { signal });
    }
    await client
      .resource(endpointSlices)
      .namespace(namespace)
      .apply(slice, { fieldManager: "kubets-dns", force: true, signal });
  }
}

/** Without a selector: the endpoints are ours to keep. */
function serviceOf(clusterIP: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      namespace,
      labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    },
    spec: { clusterIP, ports: ports.map((port) => ({ ...port, targetPort: dnsPort })) },
  };
}

function sliceOf(present: readonly Node[]): EndpointSlice {
  const endpoints = present.flatMap((node) => {
    const address = node.status?.addresses?.find((a) => a.type === "InternalIP")?.address;
    if (address === undefined) return [];
    return [{ addresses: [address], conditions: { ready: isNodeReady(node) }, nodeName: node.metadata?.name ?? "" }];
  });
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${name}-nodes`,
      namespace,
      labels: { [serviceNameLabel]: name, [managedByLabel]: "dns.kubets.io" },
    },
    addressType: "IPv4",
    endpoints,
    ports: ports.map((port) => ({ ...port, port: dnsPort })),
  };
}
