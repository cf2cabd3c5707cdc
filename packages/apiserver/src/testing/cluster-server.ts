/** A whole API server in memory, as a cluster has it: its own certificates, RBAC, all admission, and users by their tokens, `root` and `jane`. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { ensureClusterCertificates } from "../certificates/cluster-certificates.ts";
import type { KubeApiServerOptions } from "../kube-apiserver/options.ts";
import { createKubeApiServer, type KubeApiServer } from "../kube-apiserver.ts";
import { type Reply, type SendOptions, send } from "./server.ts";

export interface ClusterServer extends Pick<KubeApiServer, "server" | "tokens"> {
  /** As `root`, who may do everything, unless `options` have another authorization. */
  ask(method: string, url: string, body?: unknown, options?: SendOptions): Promise<Reply>;
}

/** Runs `body` while such a server runs, and takes everything away again. */
export async function withClusterServer(
  body: (cluster: ClusterServer) => Promise<void>,
  options: Partial<KubeApiServerOptions> = {},
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "kubets-cluster-server-"));
  const stop = new AbortController();
  const base = { clock: realClock, random: realRandom, logger: silentLogger, ...options };
  try {
    const addresses = { dnsNames: [], ipAddresses: ["127.0.0.1"] };
    const { server, tokens } = await createKubeApiServer(
      {
        store: memoryStore(),
        certificates: await ensureClusterCertificates({ directory, ...addresses, clock: base.clock }),
        serviceCIDR: "10.96.0.0/16",
        clusterDomain: "cluster.local",
        advertiseAddress: "127.0.0.1",
        tokenFile: { text: 'root,root,1,system:masters\njane,jane,2,"dev"\n', path: "tokens.csv" },
        ...base,
      },
      stop.signal,
    );
    const running = server.start(stop.signal);
    try {
      await Promise.race([server.ready, running]);
      const root = { authorization: "Bearer root" };
      const ask: ClusterServer["ask"] = (method, url, sent, { headers, ...more } = {}) =>
        send(server, method, url, sent, { headers: { ...root, ...headers }, ...more });
      await body({ server, tokens, ask });
    } finally {
      stop.abort();
      await running;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
