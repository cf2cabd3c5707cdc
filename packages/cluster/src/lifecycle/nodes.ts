/** The part of `up` that needs clients, certificates and containerd: loaded when the control plane answers. */

import { existsSync } from "node:fs";
import { isNodeReady, type Node, nodeCondition, nodes } from "@kubets/api";
import { isNotFound, realClock } from "@kubets/apimachinery";
import type { Pki } from "@kubets/apiserver/certificates";
import {
  type Client,
  createClient,
  kubeconfigPaths,
  transportFromKubeconfig,
  writeKubeconfigContext,
} from "@kubets/client";
import type { ClusterConfig } from "../config.ts";
import { machineRoutes } from "../control-plane/machine-routes.ts";
import { adminKubeconfig, clusterCertificates, nodeCredentials } from "../credentials.ts";
import { type LocalNode, localNode, localNodes, subnetsOf } from "../local-nodes.ts";
import { ensureClusterNetwork } from "../node/cluster-network.ts";
import { destroyNode } from "../node/destroy.ts";
import { ensureNode } from "../node/node.ts";
import { clusterPaths } from "../paths.ts";
import { endOrphan, runningProgram, startProgram, stopProgram } from "../supervised.ts";
import { kubetsCommand } from "./command-line.ts";

export async function ensureMachinery(config: ClusterConfig, signal: AbortSignal): Promise<void> {
  const subnets = subnetsOf(config);
  await ensureClusterNetwork(config.name, subnets, { egress: config.egress, signal });
  // One after the other where they would build the same image; the rest of a node's start is waiting.
  const [first, ...others] = localNodes(config);
  const ensure = (node: LocalNode) => ensureNode({ ...node.identity, subnets, egress: config.egress, signal });
  if (first !== undefined) await ensure(first);
  await Promise.all(others.map(ensure));
}

/** The administrator's client; the user's kubeconfig gets the cluster's context. */
export async function connect(config: ClusterConfig, signal: AbortSignal): Promise<{ client: Client; pki: Pki }> {
  const { pki } = await clusterCertificates(config);
  const entry = await adminKubeconfig(config, pki);
  const target = config.kubeconfig ?? kubeconfigPaths()[0];
  if (target !== undefined) await writeKubeconfigContext(target, entry, { signal });
  const { adminConf } = clusterPaths(config.name, config.dataDir);
  return { client: createClient(await transportFromKubeconfig(adminConf)), pki };
}

export async function ensureAgents(config: ClusterConfig, pki: Pki, signal: AbortSignal): Promise<void> {
  await Promise.all(
    localNodes(config).map(async (node) => {
      await nodeCredentials(config, pki, node);
      await ensureAgent(config, node, signal);
    }),
  );
}

async function ensureAgent(config: ClusterConfig, node: LocalNode, signal: AbortSignal): Promise<void> {
  const mark = ["run-node", config.dataDir, String(node.identity.index)];
  if (runningProgram(node.pidFile) !== undefined) return;
  await endOrphan(node.pidFile, mark);
  await startProgram(
    {
      pidFile: node.pidFile,
      logFile: node.logFile,
      command: ["nsenter", `--net=${node.layout.netnsPath}`, ...kubetsCommand(2, ...mark)],
    },
    signal,
  );
}

/** Nodes of an earlier, larger `--nodes`. */
export async function removeSurplusNodes(config: ClusterConfig, client: Client): Promise<void> {
  for (let index = config.nodes; ; index++) {
    const node = localNode(config, index);
    if (!existsSync(node.layout.nodeDir)) return;
    await stopProgram(node.pidFile);
    await destroyNode({ ...node.identity, deleteData: true });
    await client
      .resource(nodes)
      .delete(node.name)
      .catch((error) => {
        if (!isNotFound(error)) throw error;
      });
  }
}

/**
 * Writes the machine's routes to pods and Services once more. The control plane does so when nodes change; it does not see that a link which
 * `up` had to make anew has taken its routes with it.
 */
export async function restoreRoutes(config: ClusterConfig, client: Client, signal: AbortSignal): Promise<void> {
  const routes = machineRoutes(config);
  const known = new Set(localNodes(config).map((node) => node.name));
  const { items } = await client.resource(nodes).list({ signal });
  const present = items.filter((node) => known.has(node.metadata?.name ?? ""));
  for (const { metadata, spec } of present)
    for (const cidr of spec?.podCIDRs ?? []) await routes.routePods(cidr, metadata?.name ?? "");
  const serving = present.filter(isNodeReady).map((node) => node.metadata?.name ?? "");
  if (serving.length > 0) await routes.routeServices(serving);
}

const nodesReadyWithinMs = 120_000;

/** @throws Error naming the nodes that did not become ready, and why */
export async function nodesReady(client: Client, config: ClusterConfig, signal: AbortSignal): Promise<void> {
  const late = new AbortController();
  const timer = realClock.setTimeout(() => late.abort(), nodesReadyWithinMs);
  const either = AbortSignal.any([signal, late.signal]);
  const expected = config.nodes + config.simulatedNodes;
  const seen = new Map<string, Node>();
  try {
    for await (const event of client.resource(nodes).watch({ signal: either })) {
      if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
      const name = event.object.metadata?.name ?? "";
      if (event.type === "DELETED") seen.delete(name);
      else seen.set(name, event.object);
      if ([...seen.values()].filter((node) => isNodeReady(node)).length >= expected) return;
    }
  } finally {
    timer.cancel();
  }
  signal.throwIfAborted();
  const waiting = [...seen.values()].filter((node) => !isNodeReady(node));
  const why = waiting.map(
    (node) => `${node.metadata?.name}: ${nodeCondition(node, "Ready")?.message ?? "no status yet"}`,
  );
  throw new Error(
    `${expected - (seen.size - waiting.length)} of ${expected} nodes are not ready${why.length > 0 ? ` (${why.join("; ")})` : ""}; kubets logs --name ${config.name} node-1 tells more`,
  );
}
