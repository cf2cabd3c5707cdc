/** Brings the default objects into being before the server is ready, and puts them right when someone changes them. */

import { type Clock, type Logger, messageOf, StatusError } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import {
  ensureNamespaces,
  ensureServiceCidr,
  publishKubernetesService,
  type ServicePublication,
} from "./default-objects.ts";
import { keepRight } from "./keep-right.ts";
import type { MasterLeases } from "./master-leases.ts";

export interface BootstrapOptions {
  readonly transport: InProcessTransport;
  /** Undefined: there is no address to publish, and so no `kubernetes` Service. */
  readonly publication: Omit<ServicePublication, "transport"> | undefined;
  /** The server's own ranges; without them Services get no addresses, and no ServiceCIDR is made. */
  readonly serviceCidrs: readonly string[] | undefined;
  /** Where several servers share the store: how they know of each other. */
  readonly leases: MasterLeases | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const watched = [
  "/api/v1/namespaces/default/services",
  "/api/v1/namespaces/default/endpoints",
  "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
];

/** @param signal ends the waiting for others */
export async function bootstrap(options: BootstrapOptions, signal: AbortSignal): Promise<void> {
  const { transport, publication, serviceCidrs, leases, clock, logger } = options;
  await ensureNamespaces(transport);
  if (serviceCidrs !== undefined) {
    // The server's ranges are used whether or not the object says so.
    await ensureServiceCidr(transport, serviceCidrs, clock.now()).catch((error: unknown) =>
      logger.warn("The default ServiceCIDR could not be made", { err: messageOf(error) }),
    );
  }
  await leases?.renew();
  if (publication === undefined) return;
  await besideOthers(clock, signal, () => publishKubernetesService({ ...publication, transport }));
}

/** Does what every server of a cluster does when it starts: where it cannot because another is in the middle of it, again a moment later. */
export async function besideOthers(clock: Clock, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      // 409: the other was first; 422: it has taken the address and not yet made the Service.
      const mayPass = error instanceof StatusError && (error.code === 409 || error.code === 422);
      if (!mayPass || attempt === maxAttempts) throw error;
      await clock.sleep(retryMs, signal);
    }
  }
}

const maxAttempts = 20;
const retryMs = 250;

/** Runs until `signal` aborts. Each write is answered by looking again; what is right already is left alone. */
export async function keepPublished(options: BootstrapOptions, signal: AbortSignal): Promise<void> {
  const { publication, leases, transport, clock, logger } = options;
  if (publication === undefined) return;
  const publish = () => publishKubernetesService({ ...publication, transport });
  const keep = (path: string) => {
    const onError = (err: unknown) => logger.warn("the kubernetes Service could not be published again", { path, err });
    return keepRight({ transport, path, name: "kubernetes", clock, retryMs, putRight: publish, onError }, signal);
  };
  await Promise.all([...watched.map(keep), leases?.keep(signal, publish)]);
}
