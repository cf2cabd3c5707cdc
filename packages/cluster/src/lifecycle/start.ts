/** `up`: brings every part of a cluster to where its configuration says, from wherever it is. Each step looks first and does only what is missing. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { isNodeReady, type Node, nodeCondition, nodes } from "@kubets/api";
import { isNotFound, realClock } from "@kubets/apimachinery";
import {
  type Client,
  createClient,
  kubeconfigPaths,
  transportFromKubeconfig,
  writeKubeconfigContext,
} from "@kubets/client";
import { type ClusterConfig, saveConfig } from "../config.ts";
import { adminKubeconfig, clusterCertificates, nodeCredentials } from "../credentials.ts";
import { explainDiskProblem } from "../disk-problem.ts";
import { type LocalNode, localNode, localNodes, serverUrl, subnetsOf } from "../local-nodes.ts";
import { withLock } from "../lock.ts";
import { ensureClusterNetwork } from "../node/cluster-network.ts";
import { destroyNode } from "../node/destroy.ts";
import { ensureNode } from "../node/node.ts";
import { installPackages, missingPackages, privilegeProblem } from "../node/preflight.ts";
import { clusterPaths } from "../paths.ts";
import { endOrphan, type ProgramSpec, runningProgram, startProgram, stopProgram } from "../supervised.ts";

export interface Reporter {
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
  tell(line: string): void;
}

export interface StartOptions extends Reporter {
  /** Install Debian packages that the machine lacks. */
  readonly install: boolean;
  readonly signal: AbortSignal;
}

export interface StartedCluster {
  readonly config: ClusterConfig;
  readonly server: string;
  /** What to put between `kubectl` and its command to reach this cluster: "" when it is the current context. */
  readonly kubectlFlags: string;
  readonly client: Client;
}

/** @throws Error in one sentence that says what to do */
export async function startCluster(config: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  await preflight(config, options);
  try {
    return await startLocked(config, options);
  } catch (error) {
    throw explainDiskProblem(error, config.dataDir);
  }
}

async function startLocked(config: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  saveConfig(config);
  const paths = clusterPaths(config.name, config.dataDir);
  mkdirSync(paths.run, { recursive: true, mode: 0o755 });
  const onWait = (holder: number) => options.tell(`waiting for another kubets command (process ${holder})`);
  return withLock(paths.lock, () => bringUp(config, options), { signal: options.signal, onWait });
}

async function preflight(config: ClusterConfig, { install, tell, signal }: StartOptions): Promise<void> {
  if (config.tokenAuthFile !== undefined && !existsSync(config.tokenAuthFile))
    throw new Error(`--token-auth-file ${config.tokenAuthFile}: no such file`);
  if (config.nodes === 0) return;
  const problem = privilegeProblem();
  if (problem !== undefined) throw new Error(problem);
  await installPackages(missingPackages(), { install, tell, signal });
}

async function bringUp(asked: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  const { signal, step } = options;
  // The nodes' machinery does not need the control plane: both come up side by side.
  const machinery = asked.nodes > 0 ? ensureMachinery(asked, signal) : Promise.resolve();
  machinery.catch(() => undefined); // Told below.
  const config = await step("Control plane", () => ensureControlPlane(asked, signal));
  const { pki } = await clusterCertificates(config);
  const entry = await adminKubeconfig(config, pki);
  const paths = clusterPaths(config.name, config.dataDir);
  const target = config.kubeconfig ?? kubeconfigPaths()[0];
  if (target !== undefined) await writeKubeconfigContext(target, entry, { signal });
  const client = createClient(await transportFromKubeconfig(paths.adminConf));
  await removeSurplusNodes(config, client);
  if (config.nodes > 0) {
    await step(config.nodes === 1 ? "Node" : `${config.nodes} nodes`, async () => {
      await machinery;
      await Promise.all(
        localNodes(config).map(async (node) => {
          await nodeCredentials(config, pki, node);
          await ensureAgent(config, node, signal);
        }),
      );
    });
  }
  const expected = config.nodes + config.simulatedNodes;
  if (expected > 0)
    await step(expected === 1 ? "Node is ready" : `${expected} nodes are ready`, () =>
      nodesReady(client, config, signal),
    );
  const elsewhere = config.kubeconfig !== undefined;
  return {
    config,
    server: serverUrl(config),
    kubectlFlags: elsewhere ? `--kubeconfig ${config.kubeconfig} ` : "",
    client,
  };
}

async function ensureMachinery(config: ClusterConfig, signal: AbortSignal): Promise<void> {
  const subnets = subnetsOf(config);
  await ensureClusterNetwork(config.name, subnets, { egress: config.egress, signal });
  // One after the other where they would build the same image; the rest of a node's start is waiting.
  const [first, ...others] = localNodes(config);
  const ensure = (node: LocalNode) => ensureNode({ ...node.identity, subnets, egress: config.egress, signal });
  if (first !== undefined) await ensure(first);
  await Promise.all(others.map(ensure));
}

function kubetsCommand(...args: string[]): string[] {
  const main = new URL("../../../../cmd/kubets/main.ts", import.meta.url).pathname;
  return [process.execPath, "--disable-warning=ExperimentalWarning", main, ...args];
}

/** Starts the control plane unless it runs; returns the configuration with the port it listens on. */
async function ensureControlPlane(config: ClusterConfig, signal: AbortSignal): Promise<ClusterConfig> {
  const paths = clusterPaths(config.name, config.dataDir);
  const mark = ["run-control-plane", config.dataDir];
  if (runningProgram(paths.controlPlanePid) === undefined) await endOrphan(paths.controlPlanePid, mark);
  else if (!controlPlaneMustRestart(config)) return config;
  else await stopProgram(paths.controlPlanePid);
  const program: ProgramSpec = {
    pidFile: paths.controlPlanePid,
    logFile: `${paths.logs}/control-plane.log`,
    command: kubetsCommand(...mark),
  };
  const ready = JSON.parse(await startProgram(program, signal)) as { port: number };
  const settled = { ...config, securePort: ready.port };
  saveConfig(settled);
  saveStarted(settled);
  return settled;
}

/** What the running control plane was started with, to tell whether an `up` asks for something else. */
const startedWith = ["bindAddress", "tokenAuthFile", "nodes", "simulatedNodes", "nodeCIDR"] as const;

function startedFile(config: ClusterConfig): string {
  return `${clusterPaths(config.name, config.dataDir).run}/control-plane.json`;
}

function saveStarted(config: ClusterConfig): void {
  writeFileSync(startedFile(config), JSON.stringify(config));
}

function controlPlaneMustRestart(config: ClusterConfig): boolean {
  try {
    const started = JSON.parse(readFileSync(startedFile(config), "utf8")) as ClusterConfig;
    return startedWith.some((key) => started[key] !== config[key]) || started.securePort !== config.securePort;
  } catch {
    return true; // It was killed between its start and this record: start it anew, with what is known.
  }
}

async function ensureAgent(config: ClusterConfig, node: LocalNode, signal: AbortSignal): Promise<void> {
  const mark = ["run-node", config.dataDir, String(node.identity.index)];
  if (runningProgram(node.pidFile) !== undefined) return;
  await endOrphan(node.pidFile, mark);
  await startProgram(
    {
      pidFile: node.pidFile,
      logFile: node.logFile,
      command: ["nsenter", `--net=${node.layout.netnsPath}`, ...kubetsCommand(...mark)],
    },
    signal,
  );
}

/** Nodes of an earlier, larger `--nodes`. */
async function removeSurplusNodes(config: ClusterConfig, client: Client): Promise<void> {
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

const nodesReadyWithinMs = 120_000;

/** @throws Error naming the nodes that did not become ready, and why */
async function nodesReady(client: Client, config: ClusterConfig, signal: AbortSignal): Promise<void> {
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
