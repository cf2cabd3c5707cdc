/** Brings the default objects into being before the server is ready, and puts them right when someone changes them. */

import type { Logger } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import { ensureNamespaces, publishKubernetesService, type ServicePublication } from "./default-objects.ts";

export interface BootstrapOptions {
  readonly transport: InProcessTransport;
  /** Undefined: there is no address to publish, and so no `kubernetes` Service. */
  readonly publication: Omit<ServicePublication, "transport"> | undefined;
  readonly logger: Logger;
}

const watched = [
  "/api/v1/namespaces/default/services",
  "/api/v1/namespaces/default/endpoints",
  "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
];

export async function bootstrap({ transport, publication }: BootstrapOptions): Promise<void> {
  await ensureNamespaces(transport);
  if (publication !== undefined) await publishKubernetesService({ ...publication, transport });
}

/** Runs until `signal` aborts. Each write is answered by looking again; what is right already is left alone. */
export async function keepPublished(options: BootstrapOptions, signal: AbortSignal): Promise<void> {
  const { publication } = options;
  if (publication === undefined) return;
  await Promise.all(watched.map((path) => keepOne(options, publication, path, signal)));
}

async function keepOne(
  { transport, logger }: BootstrapOptions,
  publication: Omit<ServicePublication, "transport">,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const query = { watch: "true", fieldSelector: "metadata.name=kubernetes" };
  while (!signal.aborted) {
    try {
      for await (const { type } of transport.watch({ method: "GET", path, query, signal })) {
        // The first event of every watch is the object as it is.
        if (type === "MODIFIED" || type === "DELETED") await publishKubernetesService({ ...publication, transport });
      }
    } catch (err) {
      if (signal.aborted) return;
      logger.warn("the kubernetes Service could not be published again", { path, err });
    }
  }
}
