/** `up`: brings every part of a cluster to where its configuration says, from wherever it is. Each step looks first and does only what is missing. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { messageOf } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { type ClusterConfig, readConfig, saveConfig } from "../config.ts";
import { startMaker } from "../control-plane/ready-certificates.ts";
import { explainDiskProblem } from "../disk-problem.ts";
import { serverUrl } from "../local-nodes.ts";
import { withLock } from "../lock.ts";
import { installPackages, missingPackages, privilegeProblem } from "../node/preflight.ts";
import { clusterPaths } from "../paths.ts";
import { findProgram, type ProgramSpec, runningProgram, startProgram, stopProgram } from "../supervised.ts";
import { kubetsCommand } from "./command-line.ts";

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
  await prepareMachine(config, options);
  try {
    return await startLocked(config, options);
  } catch (error) {
    throw explainDiskProblem(error, config.dataDir);
  }
}

async function startLocked(config: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  const paths = clusterPaths(config.name, config.dataDir);
  mkdirSync(paths.run, { recursive: true, mode: 0o755 });
  const onWait = (holder: number) => options.tell(`waiting for another kubets command (process ${holder})`);
  return withLock(paths.lock, () => bringUp(config, options), { signal: options.signal, onWait });
}

/** Sees to it that the machine has what the cluster needs. @throws Error in one sentence that says what to do */
export async function prepareMachine(
  config: ClusterConfig,
  { install, tell, signal }: Pick<StartOptions, "install" | "tell" | "signal">,
): Promise<void> {
  for (const [flag, file] of Object.entries({
    "--token-auth-file": config.tokenAuthFile,
    "--encryption-provider-config": config.encryptionProviderConfig,
    "--etcd-cafile": config.etcdCafile,
    "--etcd-certfile": config.etcdCertfile,
    "--etcd-keyfile": config.etcdKeyfile,
  }))
    if (file !== undefined && !existsSync(file)) throw new Error(`${flag} ${file}: no such file`);
  if (config.nodes === 0) return;
  const problem = privilegeProblem();
  if (problem !== undefined) throw new Error(problem);
  await installPackages(missingPackages(), { install, tell, signal });
}

async function bringUp(asked: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  const { signal, step } = options;
  const before = readConfig(asked.dataDir);
  const wasRunning = runningProgram(clusterPaths(asked.name, asked.dataDir).controlPlanePid)?.isStopping === false;
  saveConfig(asked);
  const config = await step("Control plane", async () => {
    try {
      return await ensureControlPlane(asked, signal);
    } catch (error) {
      if (before !== undefined && !signal.aborted)
        await changeBack(before, wasRunning, signal).catch((again) => {
          const both = `${messageOf(error)}\nIt does not start as it was before either: ${messageOf(again)}`;
          throw new Error(both, { cause: error });
        });
      throw error;
    }
  });
  // Late: the control plane is to have the machine to itself until it answers, and the nodes are to find it then.
  const { connect, ensureAgents, ensureMachinery, nodesReady, removeSurplusNodes, restoreRoutes } = await import(
    "./nodes.ts"
  );
  const machinery = config.nodes > 0 ? ensureMachinery(config, signal) : Promise.resolve();
  machinery.catch(() => undefined); // Told below.
  const { client, pki } = await connect(config, signal);
  await removeSurplusNodes(config, client, signal);
  if (config.nodes > 0) {
    await step(config.nodes === 1 ? "Node" : `${config.nodes} nodes`, async () => {
      await machinery;
      await ensureAgents(config, pki, signal);
    });
  }
  const expected = config.nodes + config.simulatedNodes;
  if (expected > 0)
    await step(expected === 1 ? "Node is ready" : `${expected} nodes are ready`, () =>
      nodesReady(client, config, signal),
    );
  if (config.nodes > 0) await restoreRoutes(config, client, signal);
  const elsewhere = config.kubeconfig !== undefined;
  return {
    config,
    server: serverUrl(config),
    kubectlFlags: elsewhere ? `--kubeconfig ${config.kubeconfig} ` : "",
    client,
  };
}

/** Starts the control plane unless it runs; returns the configuration with the port it listens on. */
async function ensureControlPlane(config: ClusterConfig, signal: AbortSignal): Promise<ClusterConfig> {
  const paths = clusterPaths(config.name, config.dataDir);
  const mark = ["run-control-plane", config.dataDir];
  if (await findProgram(paths.controlPlanePid, mark)) {
    if (!controlPlaneMustRestart(config)) return config;
    await stopProgram(paths.controlPlanePid);
  }
  return runControlPlaneProgram(config, signal);
}

async function runControlPlaneProgram(config: ClusterConfig, signal: AbortSignal): Promise<ClusterConfig> {
  const paths = clusterPaths(config.name, config.dataDir);
  const program: ProgramSpec = {
    pidFile: paths.controlPlanePid,
    logFile: `${paths.logs}/control-plane.log`,
    command: kubetsCommand("run-control-plane", config.dataDir),
    env: await startMaker(config),
  };
  const ready = JSON.parse(await startProgram(program, signal)) as { port: number };
  const settled = { ...config, securePort: ready.port };
  saveConfig(settled);
  saveStarted(settled);
  return settled;
}

/** A change that the control plane does not start with is not kept: the cluster goes on as it was. */
async function changeBack(before: ClusterConfig, wasRunning: boolean, signal: AbortSignal): Promise<void> {
  saveConfig(before);
  if (wasRunning) await runControlPlaneProgram(before, signal);
}

/** What the running control plane was started with, to tell whether an `up` asks for something else. */
const startedWith = [
  ...(["bindAddress", "tokenAuthFile", "encryptionProviderConfig", "nodes", "simulatedNodes", "nodeCIDR"] as const),
  ...(["etcdServers", "etcdCafile", "etcdCertfile", "etcdKeyfile", "kubeApiserverArgs"] as const),
];

function startedFile(config: ClusterConfig): string {
  return clusterPaths(config.name, config.dataDir).started;
}

function saveStarted(config: ClusterConfig): void {
  writeFileSync(startedFile(config), JSON.stringify(config));
}

function controlPlaneMustRestart(config: ClusterConfig): boolean {
  try {
    const started = JSON.parse(readFileSync(startedFile(config), "utf8")) as ClusterConfig;
    const differs = (key: keyof ClusterConfig) => JSON.stringify(started[key]) !== JSON.stringify(config[key]);
    return startedWith.some(differs) || differs("securePort");
  } catch {
    return true; // It was killed between its start and this record: start it anew, with what is known.
  }
}
