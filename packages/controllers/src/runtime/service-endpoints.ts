/** What the EndpointSlice and Endpoints controllers both ask of a Service and its pods. */

import {
  type Pod,
  pods as podResource,
  type Service,
  type ServicePort,
  services as serviceResource,
} from "@kubets/api";
import { keyOf, type Selector, selectorFromSet } from "@kubets/apimachinery";
import type { Informer, InformerFactory } from "@kubets/client";
import { isPodReady, isPodTerminal, isPodTerminating } from "./pods.ts";

/** Services that select pods, by the pods they select. */
export class ServiceSelectors {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  readonly #selectors = new WeakMap<Service, Selector>();

  /** `changed` is called with the keys of services whose endpoints may have. */
  constructor(informers: InformerFactory, changed: (serviceKey: string) => void) {
    this.services = informers.informer(serviceResource);
    this.pods = informers.informer(podResource);
    const tell = (service: Service) => changed(keyOf(service));
    this.services.addHandler({ add: tell, update: (_, service) => tell(service), delete: tell });
    const tellFor = (...changedPods: Pod[]) => {
      for (const key of this.servicesOf(changedPods)) changed(key);
    };
    this.pods.addHandler({
      add: (pod) => tellFor(pod),
      update: (old, pod) => {
        if (endpointOf(old) !== endpointOf(pod)) tellFor(old, pod);
      },
      delete: (pod) => tellFor(pod),
    });
  }

  podsOf(service: Service): Pod[] {
    const selector = this.#selectorOf(service);
    const all = this.pods.lister.list(service.metadata?.namespace ?? "");
    return all.filter((pod) => selector.matches(pod.metadata?.labels ?? {}));
  }

  /** The keys of the services that select any of these pods. */
  servicesOf(pods: readonly Pod[]): ReadonlySet<string> {
    return new Set(pods.flatMap((pod) => this.#selecting(pod)));
  }

  #selecting(pod: Pod): string[] {
    const labels = pod.metadata?.labels ?? {};
    const services = this.services.lister.list(pod.metadata?.namespace ?? "");
    return services.filter((service) => selectsPods(service) && this.#selectorOf(service).matches(labels)).map(keyOf);
  }

  #selectorOf(service: Service): Selector {
    let selector = this.#selectors.get(service);
    if (selector === undefined) {
      selector = selectorFromSet(service.spec?.selector);
      this.#selectors.set(service, selector);
    }
    return selector;
  }
}

/** Endpoints of others are written by whoever made them. */
export function selectsPods(service: Service): boolean {
  return service.spec?.selector !== undefined && service.spec.type !== "ExternalName";
}

/** Everything about a pod that shows in an endpoint, to tell changes that matter from those that do not. */
function endpointOf(pod: Pod): string {
  return JSON.stringify([
    pod.metadata?.labels,
    isPodReady(pod),
    isPodTerminal(pod),
    isPodTerminating(pod),
    pod.status?.podIPs ?? pod.status?.podIP,
    pod.spec?.nodeName,
    pod.spec?.hostname,
    pod.spec?.subdomain,
  ]);
}

export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || podIPsOf(pod).length === 0) return false;
  return includeTerminating || !isPodTerminating(pod);
}

export function podIPsOf(pod: Pod): string[] {
  const all = (pod.status?.podIPs ?? []).map(({ ip }) => ip).filter(Boolean);
  return all.length > 0 ? all : pod.status?.podIP ? [pod.status.podIP] : [];
}

export function isIPv6(address: string): boolean {
  return address.includes(":");
}

export function isHeadless(service: Service): boolean {
  return !service.spec?.clusterIP || service.spec.clusterIP === "None";
}

/** A pod has a name of its own below its service's when it asks for it: `hostname` and `subdomain`. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  const own = subdomain === service.metadata?.name && pod.metadata?.namespace === service.metadata?.namespace;
  return hostname && own ? hostname : undefined;
}

/** The pod's port a service port leads to; undefined when the pod has none of that name. */
export function findPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const protocolOf = (of: { protocol?: string }) => of.protocol ?? "TCP";
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const found = container.ports?.find((its) => its.name === target && protocolOf(its) === protocolOf(port));
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
