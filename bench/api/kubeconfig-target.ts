/** Any Kubernetes, as a kubeconfig's current context names it. */

import { loadKubeconfig, resolveContext } from "@kubets/client";
import type { Target } from "./load.ts";

export async function kubeconfigTarget(file: string): Promise<Target> {
  const { server } = await resolveContext(await loadKubeconfig([file]));
  return {
    url: server.server,
    tls: {
      ...(server.ca === undefined ? {} : { ca: server.ca }),
      ...(server.cert === undefined ? {} : { cert: server.cert }),
      ...(server.key === undefined ? {} : { key: server.key }),
      ...(server.serverName === undefined ? {} : { servername: server.serverName }),
      rejectUnauthorized: !server.insecureSkipTlsVerify,
    },
    headers: server.token === undefined ? {} : { authorization: `Bearer ${server.token}` },
  };
}
