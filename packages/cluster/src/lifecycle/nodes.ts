/** The part of `up` that needs clients, certificates and containerd: loaded when the control plane answers. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isNodeReady, type Node, nodeCondition, nodes, pods } from "@kubets/api";
import { hasReason, isConflict, isNotFound, messageOf, realClock } from "@kubets/apimachinery";
import type { Pki } from "@kubets/apiserver/certificates";
import {
  type Client,
  createClient,
  kubeconfigPaths,
  transportFromKubeconfig,
  writeKubeconfigContext,
} from "@kubets/client";
import { type ClusterConfig, mostLocalNodes, readConfig, saveConfig } from "../config.ts";
import { machineRoutes } from "../control-plane/machine-routes.ts";
import { adminKubeconfig, clusterCertificates, nodeCredentials } from "../credentials.ts";
import { loadImage } from "../images/load.ts";
import { type LocalNode, localNode, localNodes, nodesOnDisk, serverUrl, subnetsOf } from "../local-nodes.ts";
import { ensureClusterNetwork } from "../node/cluster-network.ts";
import { destroyNode } from "../node/destroy.ts";
import { ensureNode } from "../node/node.ts";
import { clusterPaths } from "../paths.ts";
import { endOrphan, findProgram, startProgram, stopProgram } from "../supervised.ts";
import { kubetsCommand } from "./command-line.ts";

export async function ensureMachinery(config: ClusterConfig, signal: AbortSignal): Promise<void> {
  const subnets = subnetsOf(config);
  await ensureClusterNetwork(config.name, subnets, { egress: config.egress, signal });
  // One after the other where they would build the same image; the rest of a node's start is waiting.
  const [first, ...others] = localNodes(config);
  const ensure = async (node: LocalNode) => {
    const isNew = !existsSync(node.layout.containerdRoot);
    await ensureNode({ ...node.identity, subnets, egress: config.egress, signal });
    if (isNew) await loadBuiltImages(config, node, signal);
  };
  if (first !== undefined) await ensure(first);
  await Promise.all(others.map(ensure));
}

/** What was built for this cluster, such as the demo's images: a node that joins later is to have it too. */
async function loadBuiltImages(config: ClusterConfig, { layout }: LocalNode, signal: AbortSignal): Promise<void> {
  const { images } = clusterPaths(config.name, config.dataDir);
  for (const file of await readdir(images).catch(() => []))
    if (file.endsWith(".tar")) await loadImage(layout, join(images, file), { signal });
}

/** The administrator's client; the user's kubeconfig gets the cluster's context. */
export async function connect(config: ClusterConfig, signal: AbortSignal): Promise<{ client: Client; pki: Pki }> {
  const { pki } = await clusterCertificates(config);
  const entry = await adminKubeconfig(config, pki);
  const target = config.kubeconfig ?? kubeconfigPaths()[0];
  if (target !== undefined) {
    // Known first: a file that was written and is not known would keep the context for ever.
    rememberContext(config, resolve(target));
    await writeKubeconfigContext(target, entry, { signal });
  }
  const { adminConf } = clusterPaths(config.name, config.dataDir);
  const client = createClient(await transportFromKubeconfig(adminConf));
  await apiAnswers(client, config, signal);
  return { client, pki };
}

function rememberContext(config: ClusterConfig, file: string): void {
  const { contextFiles = [] } = readConfig(config.dataDir) ?? config;
  if (!contextFiles.includes(file)) saveConfig({ ...config, contextFiles: [...contextFiles, file] });
}

const answersWithinMs = 30_000;

/** A control plane that was found running may be starting again just now. @throws Error that says where to look */
async function apiAnswers(client: Client, config: ClusterConfig, signal: AbortSignal): Promise<void> {
  const deadline = realClock.monotonic() + answersWithinMs;
  for (;;) {
    try {
      await client.transport.requestText({ method: "GET", path: "/readyz", query: {}, signal });
      return;
    } catch (cause) {
      signal.throwIfAborted();
      if (realClock.monotonic() > deadline)
        throw new Error(
          `the API server at ${serverUrl(config)} does not answer (${messageOf(cause)}); kubets logs --name ${config.name} tells more`,
          { cause },
        );
      await realClock.sleep(50, signal);
    }
  }
}

export async function ensureAgents(config: ClusterConfig, pki: Pki, signal: AbortSignal): Promise<void> {
  await Promise.all(
    localNodes(config).map(async (node) => {
      await nodeCredentials(config, pki, node);
      await ensureAgent(config, node, signal);
    }),
  );
}

function agentWords(config: ClusterConfig, node: LocalNode): string[] {
  return ["run-node", config.dataDir, String(node.identity.index)];
}

/** What an agent reads when it starts, and a later `up` may change: where the API server is, its own address, and whether names of the world resolve. */
function agentReads({ securePort, nodeCIDR, egress }: ClusterConfig): string {
  return JSON.stringify({ securePort, nodeCIDR, egress });
}

function startedWith({ startedFile }: LocalNode): string {
  try {
    return readFileSync(startedFile, "utf8");
  } catch {
    return ""; // An `up` was killed between its start and this record.
  }
}

async function ensureAgent(config: ClusterConfig, node: LocalNode, signal: AbortSignal): Promise<void> {
  const words = agentWords(config, node);
  if (await findProgram(node.pidFile, words)) {
    if (startedWith(node) === agentReads(config)) return;
    await stopProgram(node.pidFile);
  }
  await startProgram(
    {
      pidFile: node.pidFile,
      logFile: node.logFile,
      command: ["nsenter", `--net=${node.layout.netnsPath}`, ...kubetsCommand(...words)],
    },
    signal,
  );
  writeFileSync(node.startedFile, agentReads(config));
}

/** Nodes of an earlier, larger `--nodes` or `--simulated-nodes`: what they run, what they hold, and their objects. */
export async function removeSurplusNodes(config: ClusterConfig, client: Client, signal: AbortSignal): Promise<void> {
  for (let index = nodesOnDisk(config) - 1; index >= config.nodes; index--) {
    const node = localNode(config, index);
    await stopProgram(node.pidFile);
    await endOrphan(node.pidFile, agentWords(config, node));
    await destroyNode({ ...node.identity, deleteData: true });
  }
  // By the objects, not by what was destroyed just now: an `up` may have been killed between the two.
  const { items } = await client.resource(nodes).list({ signal });
  const surplus = items.filter((each) => isSurplus(each, config)).map((each) => each.metadata?.name ?? "");
  if (surplus.length === 0) return;
  // Nodes first: the pods that replace theirs must not be bound to them.
  await inBatches(surplus, (name) => unlessGone(client.resource(nodes).delete(name, { signal })));
  await removePodsOf(new Set(surplus), client, signal);
}

/** No kubelet is left to see these pods off, and they no longer run: they are not to stay in their Services until the pod garbage collector comes by. */
async function removePodsOf(nodeNames: ReadonlySet<string>, client: Client, signal: AbortSignal): Promise<void> {
  const { items } = await client.resource(pods).list({ signal });
  const theirs = items.filter(({ spec }) => nodeNames.has(spec?.nodeName ?? ""));
  await inBatches(theirs, ({ metadata }) => {
    const { namespace = "", name = "", uid = "" } = metadata ?? {};
    const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal };
    return unlessGone(client.resource(pods).namespace(namespace).delete(name, options));
  });
}

/** Some at a time: there may be thousands. */
async function inBatches<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += 50) await Promise.all(items.slice(i, i + 50).map(work));
}

async function unlessGone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}

/** A node of this machine that its configuration does not name. Nodes of other machines, whatever their names, are left alone. */
export function isSurplus({ metadata, status }: Node, config: ClusterConfig): boolean {
  const [, kind, text] = /^(node|simulated)-(\d+)$/.exec(metadata?.name ?? "") ?? [];
  const number = Number(text);
  if (kind === "simulated") return metadata?.labels?.["type"] === "simulated" && number >= config.simulatedNodes;
  if (kind !== "node" || number <= config.nodes || number > mostLocalNodes) return false;
  return status?.addresses?.some(({ address }) => address === localNode(config, number - 1).address) ?? false;
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

/** False when the watch ends before: the control plane may be starting again just now. */
async function watchUntilReady(
  client: Client,
  seen: Map<string, Node>,
  expected: number,
  signal: AbortSignal,
): Promise<boolean> {
  seen.clear();
  try {
    for await (const event of client.resource(nodes).watch({ signal })) {
      if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
      const name = event.object.metadata?.name ?? "";
      if (event.type === "DELETED") seen.delete(name);
      else seen.set(name, event.object);
      if ([...seen.values()].filter((node) => isNodeReady(node)).length >= expected) return true;
    }
  } catch (error) {
    if (!signal.aborted && !hasReason(error, "ServiceUnavailable")) throw error;
  }
  return false;
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
    while (!either.aborted) {
      if (await watchUntilReady(client, seen, expected, either)) return;
      await realClock.sleep(50, either).catch(() => undefined); // Aborted: the loop ends.
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
    `${expected - (seen.size - waiting.length)} of ${expected} nodes are not ready${why.length > 0 ? ` (${why.join("; ")})` : ""}; kubets logs --name ${config.name}${config.nodes > 0 ? " node-1" : ""} tells more`,
  );
}
