/** The nodes that a cluster has on this machine: a pure function of its configuration. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ClusterConfig } from "./config.ts";
import { type NodeIdentity, type NodeLayout, nodeLayout } from "./node/layout.ts";
import { type NodeAddresses, nodeAddresses } from "./node/node-network.ts";
import type { ClusterSubnets } from "./node/subnets.ts";
import { clusterPaths } from "./paths.ts";

export interface LocalNode extends NodeAddresses {
  readonly name: string;
  readonly identity: NodeIdentity;
  readonly layout: NodeLayout;
  readonly pidFile: string;
  readonly logFile: string;
  /** What its agent read when it was started. */
  readonly startedFile: string;
  /** The kubelet's own kubeconfig. */
  readonly kubeletConf: string;
  /** For what serves the node's network: Services, DNS. */
  readonly proxyConf: string;
}

/** In order of their index; empty for a cluster without real nodes. */
export function localNodes(config: ClusterConfig): LocalNode[] {
  return Array.from({ length: config.nodes }, (_, index) => localNode(config, index));
}

export function localNode(config: ClusterConfig, index: number): LocalNode {
  const paths = clusterPaths(config.name, config.dataDir);
  const name = `node-${index + 1}`;
  const identity = { cluster: config.name, node: name, index, dataDir: config.dataDir };
  const layout = nodeLayout(identity);
  return {
    name,
    identity,
    layout,
    ...nodeAddresses(subnetsOf(config), index),
    pidFile: join(paths.run, `${name}.pid`),
    logFile: join(paths.logs, `${name}.log`),
    startedFile: join(paths.run, `${name}.json`),
    kubeletConf: join(layout.nodeDir, "kubelet.conf"),
    proxyConf: join(layout.nodeDir, "kube-proxy.conf"),
  };
}

/** How many local nodes there may be something of: an interrupted `up` may have left more than the configuration says. */
export function nodesOnDisk(config: ClusterConfig): number {
  const { nodes } = clusterPaths(config.name, config.dataDir);
  const found = existsSync(nodes) ? readdirSync(nodes).map((name) => Number(/^node-(\d+)$/.exec(name)?.[1] ?? 0)) : [];
  return Math.max(config.nodes, 0, ...found);
}

export function subnetsOf({ nodeCIDR, podCIDR, serviceCIDR }: ClusterConfig): ClusterSubnets {
  return { nodeCIDR, podCIDR, serviceCIDR };
}

/** Where clients on this machine find the API server. */
export function serverUrl(config: ClusterConfig): string {
  const host = config.bindAddress === "0.0.0.0" || config.bindAddress === "::" ? "127.0.0.1" : config.bindAddress;
  return `https://${host.includes(":") ? `[${host}]` : host}:${config.securePort}`;
}

/** The n-th address of the service range: 1 is the API server's, 10 the DNS server's. */
export function serviceAddress(serviceCIDR: string, n: number): string {
  const [base = ""] = serviceCIDR.split("/");
  const octets = base.split(".").map(Number);
  octets[3] = (octets[3] ?? 0) + n;
  return octets.join(".");
}
