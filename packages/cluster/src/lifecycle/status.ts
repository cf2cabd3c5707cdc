/** `status`: what runs, and how it is. */

import { readFileSync } from "node:fs";
import { nodeCondition, nodes } from "@kubets/api";
import { messageOf } from "@kubets/apimachinery";
import { createClient, transportFromKubeconfig } from "@kubets/client";
import type { ClusterConfig } from "../config.ts";
import { localNodes, serverUrl } from "../local-nodes.ts";
import { findContainerd } from "../node/containerd.ts";
import { clusterPaths } from "../paths.ts";
import { runningProgram } from "../supervised.ts";

export interface ProgramStatus {
  readonly name: string;
  /** Undefined when it does not run. */
  readonly pid?: number;
  /** Resident memory. */
  readonly memoryMB?: number;
}

export interface ClusterStatus {
  readonly name: string;
  /** `ready`: the API answers and all nodes are ready. */
  readonly state: "ready" | "not ready" | "stopped";
  readonly server: string;
  readonly dataDir: string;
  readonly programs: readonly ProgramStatus[];
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly reason?: string }[];
  readonly problems: readonly string[];
}

/** Asks the API server only when its process runs. Never rejects for what is broken: that is what it tells. */
export async function clusterStatus(config: ClusterConfig, signal: AbortSignal): Promise<ClusterStatus> {
  const paths = clusterPaths(config.name, config.dataDir);
  const programs: ProgramStatus[] = [programStatus("control-plane", runningProgram(paths.controlPlanePid)?.pid)];
  for (const node of localNodes(config)) {
    programs.push(programStatus(node.name, runningProgram(node.pidFile)?.pid));
    programs.push(programStatus(`containerd-${node.name}`, await findContainerd(node.layout)));
  }
  const base = { name: config.name, server: serverUrl(config), dataDir: config.dataDir, programs };
  if (programs[0]?.pid === undefined) return { ...base, state: "stopped", nodes: [], problems: [] };
  const problems = programs.filter((p) => p.pid === undefined).map((p) => `${p.name} is not running`);
  try {
    const transport = await transportFromKubeconfig(paths.adminConf, { timeoutMs: 5_000 });
    await transport.requestText({ method: "GET", path: "/readyz", query: {}, signal });
    const { items } = await createClient(transport).resource(nodes).list({ signal });
    const found = items.map((node) => {
      const condition = nodeCondition(node, "Ready");
      const ready = condition?.status === "True";
      const reason = ready ? undefined : condition?.message;
      return { name: node.metadata?.name ?? "", ready, ...(reason === undefined ? {} : { reason }) };
    });
    const expected = config.nodes + config.simulatedNodes;
    if (found.length < expected) problems.push(`${expected - found.length} of ${expected} nodes have not registered`);
    const isReady = problems.length === 0 && found.every((node) => node.ready);
    transport.close();
    return { ...base, state: isReady ? "ready" : "not ready", nodes: found, problems };
  } catch (error) {
    signal.throwIfAborted();
    problems.push(`the API server does not answer: ${messageOf(error)}`);
    return { ...base, state: "not ready", nodes: [], problems };
  }
}

function programStatus(name: string, pid: number | undefined): ProgramStatus {
  if (pid === undefined) return { name };
  let kb = 0;
  try {
    kb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return { name }; // It ended just now.
  }
  return { name, pid, memoryMB: Math.round(kb / 1024) };
}
