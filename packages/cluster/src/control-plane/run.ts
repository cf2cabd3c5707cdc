/** The control plane's process: `kubets run-control-plane DATA-DIR`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  aborted,
  type Clock,
  type Component,
  giveMemoryBackWhenIdle,
  type Logger,
  type Random,
  realClock,
  realRandom,
} from "@kubets/apimachinery";
import { runTogether } from "../components.ts";
import { type ClusterConfig, ConfigError, readConfig } from "../config.ts";
import { adminKubeconfig, clusterDomain, nodeCredentials } from "../credentials.ts";
import { localNode, localNodes } from "../local-nodes.ts";
import { fileLogger } from "../logging.ts";
import { clusterPaths } from "../paths.ts";
import { sayReady } from "../supervised.ts";
import type { ApiServerFlags, ControlPlaneMeans } from "./control-plane.ts";
import { MachineListener } from "./machine-listener.ts";
import { openStore } from "./open-store.ts";
import { readyCertificates } from "./ready-certificates.ts";

/** What the API server of a cluster is told, to be read as kube-apiserver reads its flags. */
export interface ClusterApiServer {
  /** Where a file of the cluster's certificates is: `ca.crt`. */
  certificate(file: string): string;
  readonly advertiseAddress: string;
  readonly bindAddress: string;
  readonly port: number;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
}

/** Makes of `kubeApiserverArgs` what the server takes. */
export type ReadArguments = (
  args: readonly string[],
  cluster: ClusterApiServer,
  means: { readonly clock: Clock; readonly logger: Logger },
) => Promise<ApiServerFlags>;

export async function runControlPlane(
  dataDir: string,
  signal: AbortSignal,
  readArguments: ReadArguments,
): Promise<void> {
  const config = readConfig(dataDir);
  if (config === undefined) throw new ConfigError(`${dataDir} holds no cluster; kubets up makes one`);
  const paths = clusterPaths(config.name, dataDir);
  const logger = fileLogger({ file: join(paths.logs, "control-plane.log") });
  giveMemoryBackWhenIdle(realClock);
  const base = { clock: realClock as Clock, random: realRandom as Random, logger };
  try {
    // What waits for others first: a process makes the certificates, a thread opens the store, and this one loads the API server meanwhile.
    const certified = readyCertificates(config);
    const opened = openStore(config, base, signal);
    const loaded = Promise.all([import("./control-plane.ts"), import("@kubets/apiserver")]);
    const [certificates, { store, encryption }, [{ ControlPlane }]] = await Promise.all([certified, opened, loaded]);
    const nodes = localNodes(config);
    const machineAddress = nodes[0]?.machineAddress;
    const { bindAddress, securePort: port, serviceCIDR, kubeApiserverArgs = [] } = config;
    const advertiseAddress = machineAddress ?? addressForOthers(config);
    const certificate = (file: string) => certificates.pki.path(file);
    const told = { certificate, advertiseAddress, bindAddress, port, serviceCIDR, clusterDomain };
    const apiServer = kubeApiserverArgs.length === 0 ? undefined : await readArguments(kubeApiserverArgs, told, base);
    const controlPlane = new ControlPlane({
      store,
      encryption,
      certificates,
      serviceCIDR,
      podCIDR: config.podCIDR,
      clusterDomain,
      advertiseAddress,
      listen: { bindAddress, port },
      ...(apiServer === undefined ? {} : { apiServer }),
      ...(config.tokenAuthFile === undefined
        ? {}
        : { tokenFile: { path: config.tokenAuthFile, text: readFileSync(config.tokenAuthFile, "utf8") } }),
      extras: (means) => extras(config, means),
      ...base,
    });
    const components: Component[] = [controlPlane];
    const onEverything = config.bindAddress === "0.0.0.0" || config.bindAddress === "::";
    if (machineAddress !== undefined && !onEverything)
      components.push(new MachineListener(controlPlane, machineAddress, base));
    const running = runTogether(components, signal);
    controlPlane.ready
      .then(async () => {
        const settled = { ...config, securePort: controlPlane.server.port ?? config.securePort };
        logger.info("The API server answers", {
          port: settled.securePort,
          uptimeMs: Math.round(process.uptime() * 1000),
        });
        await adminKubeconfig(settled, certificates.pki);
        for (const node of nodes) await nodeCredentials(settled, certificates.pki, node);
        sayReady({ port: settled.securePort });
      })
      .catch((err) => logger.error("Could not write credentials", { err }));
    try {
      await running;
    } finally {
      await store.close();
    }
  } catch (err) {
    logger.error("The control plane cannot go on", { err });
    throw err;
  }
}

/** Endpoints may not hold loopback addresses: a server that only this machine reaches is named where nodes would find it. */
function addressForOthers(config: ClusterConfig): string {
  const onlyHere = /^127\.|^::1?$|^0\.0\.0\.0$/.test(config.bindAddress);
  return onlyHere ? localNode(config, 0).machineAddress : config.bindAddress;
}

async function extras(config: ClusterConfig, means: ControlPlaneMeans): Promise<readonly Component[]> {
  const { clock, logger } = means;
  const components: Component[] = [];
  if (config.simulatedNodes > 0) {
    const { simulatedNodes } = await import("./simulated-nodes.ts");
    components.push(await simulatedNodes(config.simulatedNodes, means));
  }
  if (config.nodes > 0) {
    const [{ NodeRoutes }, { machineRoutes }, { DnsEndpoints }, { createInformerFactory }, { ensurePolicy }] =
      await Promise.all([
        import("@kubets/network"),
        import("./machine-routes.ts"),
        import("./dns-endpoints.ts"),
        import("@kubets/client"),
        import("./policy.ts"),
      ]);
    const client = means.clientFor("system:kubets", ["system:masters", "system:authenticated"]);
    const informers = createInformerFactory(client, means);
    await ensurePolicy(client);
    const nodeNames = localNodes(config).map((node) => node.name);
    components.push(
      new NodeRoutes({ informers, routes: machineRoutes(config), localNodes: nodeNames, clock, logger }),
      new DnsEndpoints({ client, informers, serviceCIDR: config.serviceCIDR, nodeNames, clock, logger }),
      {
        name: "informers",
        ready: Promise.resolve(),
        healthz: () => ({ ok: true }),
        async start(signal) {
          informers.start(signal);
          await aborted(signal);
          await informers.stopped();
        },
      },
    );
  }
  return components;
}
