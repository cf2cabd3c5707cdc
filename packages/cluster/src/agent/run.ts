/** A node's agent: kubelet, kube-proxy, DNS and CNI in one process, in the node's network namespace. `kubets run-node DATA-DIR INDEX`. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Clock,
  type Component,
  giveMemoryBackWhenIdle,
  type Logger,
  type Random,
  realClock,
  realRandom,
  surviveUnheardErrors,
} from "@kubets/apimachinery";
import { type Client, createClient, createInformerFactory, transportFromKubeconfig } from "@kubets/client";
import { connectRuntime, type RuntimeClient } from "@kubets/cri";
import { createForwarder, DnsServer, noForwarder, resolversOf } from "@kubets/dns";
import { Kubelet } from "@kubets/kubelet";
import { CniWriter } from "@kubets/network";
import { NftablesRules, Proxier } from "@kubets/proxy";
import { informerRunner, runTogether } from "../components.ts";
import { type ClusterConfig, ConfigError, readConfig } from "../config.ts";
import { clusterDomain } from "../credentials.ts";
import { dnsPort } from "../dns-port.ts";
import { type LocalNode, localNode, serviceAddress } from "../local-nodes.ts";
import { fileLogger } from "../logging.ts";
import { detectCgroups } from "../node/cgroups.ts";
import { ensureNodeRuntime } from "../node/node.ts";
import { clusterPaths } from "../paths.ts";
import { sayReady } from "../supervised.ts";
import { ContainerdKeeper } from "./containerd-keeper.ts";

interface Means {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. @throws ConfigError where there is no cluster; whatever ends the agent */
export async function runNode(dataDir: string, index: number, signal: AbortSignal): Promise<void> {
  const config = readConfig(dataDir);
  if (config === undefined) throw new ConfigError(`${dataDir} holds no cluster; kubets up makes one`);
  const node = localNode(config, index);
  giveMemoryBackWhenIdle(realClock);
  const means: Means = { clock: realClock, random: realRandom, logger: fileLogger({ file: node.logFile }) };
  try {
    await runAgent(config, node, means, signal);
  } catch (err) {
    means.logger.error("The node's agent cannot go on", { err });
    throw err;
  }
}

async function runAgent(config: ClusterConfig, node: LocalNode, means: Means, signal: AbortSignal): Promise<void> {
  const keeper = new ContainerdKeeper({
    socketPath: node.layout.socketPath,
    ensure: (inner) => ensureNodeRuntime({ ...node.identity, ...means, signal: inner }),
    ...means,
  });
  const [kubeletClient, proxyClient, runtime] = await Promise.all([
    clientFrom(node.kubeletConf),
    clientFrom(node.proxyConf),
    connectRuntime(node.layout.socketPath, means),
  ]);
  try {
    const kubelet = kubeletOf(config, node, kubeletClient, runtime, means);
    const running = runTogether([keeper, kubelet, ...(await networkParts(config, node, proxyClient, means))], signal);
    surviveUnheardErrors(means.logger);
    means.logger.info("The node's agent works", { node: node.name, address: node.address });
    sayReady({ node: node.name });
    await running;
  } finally {
    runtime.close();
  }
}

async function clientFrom(kubeconfig: string): Promise<Client> {
  return createClient(await transportFromKubeconfig(kubeconfig));
}

function kubeletOf(
  config: ClusterConfig,
  node: LocalNode,
  client: Client,
  runtime: RuntimeClient,
  means: Means,
): Kubelet {
  const pki = clusterPaths(config.name, config.dataDir).pki;
  mkdirSync(node.layout.manifestsDir, { recursive: true, mode: 0o700 }); // A directory that is not there cannot be watched.
  const read = (file: string) => readFileSync(join(pki, file), "utf8");
  return new Kubelet({
    nodeName: node.name,
    client,
    runtime,
    rootDir: node.layout.kubeletDir,
    podLogsDir: node.layout.podLogsDir,
    nodeIPs: [node.address],
    hostname: node.name,
    tls: { cert: read(`kubelet-${node.name}.crt`), key: read(`kubelet-${node.name}.key`), clientCA: read("ca.crt") },
    configuration: {
      clusterDNS: [serviceAddress(config.serviceCIDR, 10)],
      clusterDomain,
      cgroupDriver: detectCgroups().driver,
      cgroupRoot: node.layout.cgroupRoot,
      staticPodPath: node.layout.manifestsDir,
    },
    ...means,
  });
}

/** What serves the node's network, on one set of informers. */
async function networkParts(
  config: ClusterConfig,
  node: LocalNode,
  client: Client,
  means: Means,
): Promise<Component[]> {
  const informers = createInformerFactory(client, means);
  const rules = new NftablesRules({ family: "ip", podCIDR: config.podCIDR, nodePortIPs: [node.address] });
  const resolvers = config.egress ? await resolversOf("/etc/resolv.conf") : [];
  return [
    informerRunner(informers),
    new CniWriter({
      informers,
      nodeName: node.name,
      confDir: node.layout.cniConfDir,
      network: { name: node.layout.cniNetwork, dataDir: node.layout.cniDataDir },
    }),
    new Proxier({ informers, rules, place: { nodeName: node.name, family: "IPv4" }, ...means }),
    new DnsServer({
      informers,
      addresses: [node.address],
      port: dnsPort,
      clusterDomain,
      forwarder: resolvers.length === 0 ? noForwarder : createForwarder(resolvers, means.clock),
      ...means,
    }),
  ];
}
