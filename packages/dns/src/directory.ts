/** The zone's view of the cluster, kept by informers: every lookup is an index. */

import {
  type EndpointSlice,
  endpointSlices,
  type Namespace,
  namespaces,
  type Service,
  serviceNameLabel,
  services,
} from "@kubets/api";
import type { Informer, InformerFactory } from "@kubets/client";
import { clusterIPsOf, endpointsOf, isHeadless, type ServiceDirectory } from "./cluster-zone.ts";

const byAddress = "dns-address";
const byService = "dns-service";

/** Complete once its informers are synced; before that, names may seem not to be. */
export class InformerDirectory implements ServiceDirectory {
  readonly #domain: string;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #namespaces: Informer<Namespace>;

  constructor(informers: InformerFactory, domain: string) {
    this.#domain = domain;
    this.#services = informers.informer(services);
    this.#slices = informers.informer(endpointSlices);
    this.#namespaces = informers.informer(namespaces);
    this.#services.addIndex(byAddress, clusterIPsOf);
    this.#slices.addIndex(byAddress, (slice) => (slice.endpoints ?? []).flatMap((e) => e.addresses));
    this.#slices.addIndex(byService, sliceServices);
  }

  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#services.synced(signal), this.#slices.synced(signal), this.#namespaces.synced(signal)]);
  }

  namespaceExists(namespace: string): boolean {
    return this.#namespaces.lister.get(undefined, namespace) !== undefined;
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#services.lister.get(namespace, name);
  }

  slices(namespace: string, service: string): readonly EndpointSlice[] {
    return this.#slices.lister.byIndex(byService, `${namespace}/${service}`);
  }

  namesOf(ip: string): readonly string[] {
    const names = new Set<string>();
    for (const { metadata } of this.#services.lister.byIndex(byAddress, ip))
      names.add(`${metadata?.name}.${metadata?.namespace}.svc.${this.#domain}`);
    for (const slice of this.#slices.lister.byIndex(byAddress, ip)) {
      const service = this.#services.lister.getByKey(sliceServices(slice)[0] ?? "");
      if (service === undefined || !isHeadless(service)) continue;
      const { name, namespace } = service.metadata ?? {};
      for (const endpoint of endpointsOf([slice]))
        if (endpoint.ip === ip) names.add(`${endpoint.host}.${name}.${namespace}.svc.${this.#domain}`);
    }
    return [...names];
  }
}

/** The key of the Service a slice belongs to. */
function sliceServices(slice: EndpointSlice): readonly string[] {
  return [`${slice.metadata?.namespace ?? ""}/${slice.metadata?.labels?.[serviceNameLabel] ?? ""}`];
}
