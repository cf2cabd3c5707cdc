/** The control plane's process: `kubets run-control-plane DATA-DIR`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  aborted,
  type Clock,
  type Component,
  giveMemoryBackWhenIdle,
  type Logger,
  realClock,
  realRandom,
  surviveUnheardErrors,
} from "@kubets/apimachinery";
import type { ClusterCertificates, Pki } from "@kubets/apiserver";
import { informerRunner, runTogether } from "../components.ts";
import { type ClusterConfig, ConfigError, readConfig } from "../config.ts";
import { adminKubeconfig, clusterDomain, nodeCredentials } from "../credentials.ts";
import { localNode, localNodes } from "../local-nodes.ts";
import { fileLogger } from "../logging.ts";
import { clusterPaths } from "../paths.ts";
import { sayReady } from "../supervised.ts";
import type { ApiServerFlags, ControlPlane, ControlPlaneMeans, ControlPlaneOptions } from "./control-plane.ts";
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

type Base = Pick<ControlPlaneOptions, "clock" | "random" | "logger">;

/**
 * Runs until `signal` aborts.
 * @throws ConfigError where there is no cluster, or for a file that cannot be used; whatever ends the control plane
 */
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
  const base: Base = { clock: realClock, random: realRandom, logger };
  try {
    // What waits for others first: a process makes the certificates, a thread opens the store, and this one loads the API server meanwhile.
    const certified = readyCertificates(config);
    const opened = openStore(config, base, signal);
    const loaded = Promise.all([import("./control-plane.ts"), import("@kubets/apiserver")]);
    const [certificates, { store, encryption }, [{ ControlPlane }]] = await Promise.all([certified, opened, loaded]);
    const options = await controlPlaneOptions(config, certificates, readArguments, base);
    const controlPlane = new ControlPlane({ ...options, store, encryption });
    const credentials = handingOut(config, controlPlane, certificates.pki, logger);
    try {
      await runTogether([controlPlane, credentials, ...machineListener(config, controlPlane, base)], signal);
    } finally {
      await store.close();
    }
  } catch (err) {
    logger.error("The control plane cannot go on", { err });
    throw err;
  }
}

async function controlPlaneOptions(
  config: ClusterConfig,
  certificates: ClusterCertificates,
  readArguments: ReadArguments,
  base: Base,
): Promise<Omit<ControlPlaneOptions, "store">> {
  const { bindAddress, securePort: port, serviceCIDR, podCIDR, tokenAuthFile: path, kubeApiserverArgs = [] } = config;
  const advertiseAddress = localNodes(config)[0]?.machineAddress ?? addressForOthers(config);
  const certificate = (file: string) => certificates.pki.path(file);
  const told = { certificate, advertiseAddress, bindAddress, port, serviceCIDR, clusterDomain };
  const apiServer = kubeApiserverArgs.length === 0 ? undefined : await readArguments(kubeApiserverArgs, told, base);
  return {
    certificates,
    serviceCIDR,
    podCIDR,
    clusterDomain,
    advertiseAddress,
    listen: { bindAddress, port },
    ...(apiServer === undefined ? {} : { apiServer }),
    ...(path === undefined ? {} : { tokenFile: { path, text: readFileSync(path, "utf8") } }),
    extras: (means) => extras(config, means),
    ...base,
  };
}

/** Where nodes reach the control plane, if that is not where it listens anyway. */
function machineListener(config: ClusterConfig, controlPlane: ControlPlane, base: Base): readonly Component[] {
  const machineAddress = localNodes(config)[0]?.machineAddress;
  const onEverything = config.bindAddress === "0.0.0.0" || config.bindAddress === "::";
  if (machineAddress === undefined || onEverything) return [];
  return [new MachineListener(controlPlane, machineAddress, base)];
}

/** Without credentials nobody would get to know that the API server answers: `up` would wait for ever. */
function handingOut(config: ClusterConfig, controlPlane: ControlPlane, pki: Pki, logger: Logger): Component {
  return {
    name: "credentials",
    ready: controlPlane.ready,
    healthz: () => ({ ok: true }),
    async start(signal) {
      const stopped = aborted(signal);
      await Promise.race([controlPlane.ready, stopped]);
      if (!signal.aborted) await handOut(config, controlPlane, pki, logger);
      await stopped;
    },
  };
}

/** The API server answers: whoever is to reach it gets to know where, and something to show. */
async function handOut(config: ClusterConfig, { server }: ControlPlane, pki: Pki, logger: Logger): Promise<void> {
  const settled = { ...config, securePort: server.port ?? config.securePort };
  surviveUnheardErrors(logger);
  logger.info("The API server answers", {
    port: settled.securePort,
    uptimeMs: Math.round(process.uptime() * 1000),
  });
  await adminKubeconfig(settled, pki);
  for (const node of localNodes(config)) await nodeCredentials(settled, pki, node);
  sayReady({ port: settled.securePort });
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
      informerRunner(informers),
    );
  }
  return components;
}
