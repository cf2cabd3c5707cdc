/**
 * A cluster in this process, for tests and tools: `await using cluster = await Cluster.start()`. The same control plane as `kubets up`, on a store in
 * memory; its nodes, if any, are simulated. Nothing is left on the disk.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, type Logger, type Random, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { ensureClusterCertificates, superAdminCertificate } from "@kubets/apiserver/certificates";
import { type Client, createClient, formatKubeconfig } from "@kubets/client";
import { memoryStore } from "@kubets/storage";
import { ControlPlane } from "./control-plane/control-plane.ts";
import { simulatedNodes } from "./control-plane/simulated-nodes.ts";
import { clusterDomain } from "./credentials.ts";

export interface ClusterOptions {
  /** Listen on 127.0.0.1, so that `kubeconfig` works for other processes. Default false: nothing but this process reaches it. */
  readonly listen?: boolean;
  /** Default 0, any free port. */
  readonly port?: number;
  /** Nodes `simulated-0`, `simulated-1`... that report pods as running without running them. Default none. */
  readonly simulatedNodes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A control plane that runs, and a client of it. `stop` ends it and waits until nothing of it is left. */
export class Cluster {
  /** As the administrator, without sockets. */
  readonly client: Client;
  readonly #controlPlane: ControlPlane;
  readonly #stop: AbortController;
  readonly #stopped: Promise<void>;
  readonly #kubeconfig: string | undefined;

  private constructor(controlPlane: ControlPlane, stop: AbortController, stopped: Promise<void>, kubeconfig?: string) {
    this.#controlPlane = controlPlane;
    this.#stop = stop;
    this.#stopped = stopped;
    this.#kubeconfig = kubeconfig;
    this.client = this.clientFor("kubernetes-super-admin", ["system:masters", "system:authenticated"]);
  }

  /** Resolves when the API answers; controllers, scheduler and simulated nodes take up their work within moments. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const { clock = realClock, random = realRandom, logger = silentLogger, listen = false, port = 0 } = options;
    const { simulatedNodes: count = 0 } = options;
    const directory = await mkdtemp(join(tmpdir(), "kubets-"));
    const certificates = await ensureClusterCertificates({
      directory,
      clock,
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
      clusterDomain,
    });
    const stop = new AbortController();
    const controlPlane = new ControlPlane({
      store: memoryStore({ logger }),
      certificates,
      serviceCIDR: "10.96.0.0/16",
      podCIDR: "10.244.0.0/16",
      clusterDomain,
      // Endpoints may not be loopback addresses; nothing is reached through this one.
      advertiseAddress: "10.86.0.1",
      ...(count > 0 ? { extras: async (means) => [await simulatedNodes(count, means)] } : {}),
      ...(listen ? { listen: { bindAddress: "127.0.0.1", port } } : {}),
      clock,
      random,
      logger,
    });
    const stopped = controlPlane.start(stop.signal).finally(() => rm(directory, { recursive: true, force: true }));
    await Promise.race([
      controlPlane.ready,
      stopped.then(() => Promise.reject(new Error("the control plane stopped"))),
    ]);
    if (!listen) return new Cluster(controlPlane, stop, stopped);
    const admin = await superAdminCertificate(certificates.pki);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const kubeconfig = await formatKubeconfig({
      name: "kubets",
      cluster: {
        server: `https://127.0.0.1:${controlPlane.server.port}`,
        "certificate-authority-data": base64(certificates.ca.certificate),
      },
      user: { "client-certificate-data": base64(admin.certificate), "client-key-data": base64(admin.key) },
    });
    return new Cluster(controlPlane, stop, stopped, kubeconfig);
  }

  /** The administrator's kubeconfig, as text. @throws Error when the cluster does not listen */
  get kubeconfig(): string {
    if (this.#kubeconfig === undefined) throw new Error("this cluster has no port; start it with { listen: true }");
    return this.#kubeconfig;
  }

  /** A client that acts as this user. */
  clientFor(name: string, groups: readonly string[] = ["system:authenticated"]): Client {
    return createClient(this.#controlPlane.server.transport({ name, groups }));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
