/**
 * Where a Service's requests go when the API server itself calls it: webhooks and aggregated API servers.
 *
 * Upstream dials the cluster IP unless `--enable-aggregator-routing` is set, and then an endpoint. Here it is always a ready endpoint: this process is
 * outside of every node's network namespace, where no kube-proxy makes cluster IPs reachable, and an endpoint saves the detour anyway.
 * Texts are those of upstream's proxy.ResolveEndpoint.
 */

import { type EndpointSlice, endpointSlices, type Service, serviceNameLabel, services } from "@kubets/api";
import { notFound, type Random, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { type Address, anyBackend } from "../services/backends.ts";

export interface ServiceResolver {
  /** @param port the Service's port, not its target. @throws Error that says why there is nowhere to go */
  resolve(namespace: string, name: string, port: number): Promise<Address>;
}

export class EndpointResolver implements ServiceResolver {
  readonly #reader: ObjectReader;
  readonly #random: Random;

  constructor(reader: ObjectReader, random: Random) {
    this.#reader = reader;
    this.#random = random;
  }

  async resolve(namespace: string, name: string, port: number): Promise<Address> {
    const service = await this.#reader.get<Service>(services, namespace, name);
    if (service === undefined) throw notFound({ group: "", resource: "service" }, name);
    const { type = "ClusterIP", externalName = "" } = service.spec ?? {};
    if (type === "ExternalName") return { host: externalName, port };
    const servicePort = service.spec?.ports?.find((each) => each.port === port);
    if (servicePort === undefined) throw unavailable(`no service port ${port} found for service "${name}"`);
    const labels = { [serviceNameLabel]: name };
    const slices = await this.#reader.list<EndpointSlice>(endpointSlices, namespace, labels);
    const chosen = anyBackend(slices, servicePort.name ?? "", this.#random);
    if (chosen === undefined) throw unavailable(`no endpoints available for service "${name}"`);
    return chosen;
  }
}

function unavailable(message: string): StatusError {
  return new StatusError(503, "ServiceUnavailable", message);
}
