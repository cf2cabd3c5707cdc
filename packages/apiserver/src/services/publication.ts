/** The addresses that a server publishes itself at: `default/kubernetes`, for those inside the cluster. */

import type { Logger } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import type { ApiServerOptions } from "../server/options.ts";
import type { BootstrapOptions } from "./bootstrap.ts";
import { MasterLeases } from "./master-leases.ts";

export interface PublicationMeans extends Pick<BootstrapOptions, "clock" | "logger"> {
  readonly transport: InProcessTransport;
  /** What is listened on. Undefined: nothing is. */
  readonly port: number | undefined;
  /** The first address of Services. Undefined: Services get none. */
  readonly clusterIP: string | undefined;
}

/** What is to be there before the server is ready; undefined when it is to make nothing. */
export function bootstrapOptions(options: ApiServerOptions, means: PublicationMeans): BootstrapOptions | undefined {
  const { store, serviceCidrs, defaultObjects = serviceCidrs !== undefined, advertiseAddress } = options;
  if (!defaultObjects) return undefined;
  const { transport, clock, logger, port, clusterIP } = means;
  const base = { transport, serviceCidrs, clock, logger };
  if (clusterIP === undefined || advertiseAddress === undefined || port === undefined) {
    return { ...base, publication: undefined, leases: undefined };
  }
  const isPublished = options.publishEndpoints !== false && !isForItself(advertiseAddress, logger);
  const leases =
    store.expiresKeys && isPublished
      ? new MasterLeases({ store, address: advertiseAddress, clock, logger })
      : undefined;
  const addresses = async () => (await leases?.addresses()) ?? (isPublished ? [advertiseAddress] : []);
  const { kubernetesServiceNodePort: nodePort = 0 } = options;
  return { ...base, publication: { clusterIP, addresses, port, nodePort }, leases };
}

/** An endpoint may not be in the loopback range: elsewhere it would be another machine. */
function isForItself(address: string, logger: Logger): boolean {
  if (!address.startsWith("127.") && address !== "::1") return false;
  logger.warn("The Service default/kubernetes gets no endpoint: nobody else reaches this address", { address });
  return true;
}
