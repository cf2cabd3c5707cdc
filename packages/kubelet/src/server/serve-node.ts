/** Puts the node's server together: who may come in, what is answered. */

import type { Pod } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { formatTime } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import type { CpuUsage, RuntimeClient } from "@kubets/cri";
import type { KubeletConfiguration } from "../configuration.ts";
import type { Machine, MachineInfo } from "../node/machine.ts";
import type { PodCache } from "../runtime/pod-cache.ts";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { createAuthenticate } from "./authentication.ts";
import { createAuthorize } from "./authorization.ts";
import type { HandlerSources } from "./handlers.ts";
import { createHandlers, createUpgradeHandlers } from "./handlers.ts";
import type { ServerTls } from "./server.ts";
import { KubeletServer } from "./server.ts";
import type { Summary } from "./stats.ts";
import { CpuRates, cpuStats, podSummaries } from "./stats.ts";

export interface ServeOptions {
  readonly nodeName: string;
  readonly client: Client;
  readonly runtime: RuntimeClient;
  readonly rootDir: string;
  readonly tls: ServerTls;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly configuration: KubeletConfiguration;
  readonly machine: Machine;
  readonly machineInfo: MachineInfo;
  readonly cache: PodCache;
  pods(): readonly Pod[];
  problem(): string | undefined;
}

export async function serveNode(options: ServeOptions): Promise<{ port: number; close: () => Promise<void> }> {
  const { client, clock, configuration, nodeName, tls, logger } = options;
  const { anonymous, webhook } = configuration.authentication;
  const sources = handlerSources(options);
  const server = new KubeletServer({
    tls,
    address: configuration.address,
    port: configuration.port,
    logger,
    nodeName,
    authenticate: createAuthenticate({
      client,
      clock,
      anonymous: anonymous.enabled,
      webhook: webhook.enabled,
      cacheTtlMs: webhook.cacheTTLSeconds * 1000,
    }),
    authorize: configuration.authorization.mode === "Webhook" ? createAuthorize(client, clock, nodeName) : undefined,
    handlers: createHandlers(sources),
    upgrades: configuration.enableDebuggingHandlers ? createUpgradeHandlers(sources) : {},
  });
  return { port: await server.listen(), close: () => server.close() };
}

function handlerSources(options: ServeOptions): HandlerSources {
  const { clock, cache, configuration, runtime } = options;
  const rates = new CpuRates();
  const startedAt = clock.now();
  return {
    clock,
    runtime: runtime.runtime,
    configuration,
    pods: () => options.pods(),
    runtimePod: (uid) => cache.peek(uid),
    ended: (uid, containerId, signal) => whenEnded(cache, uid, containerId, signal),
    summary: () => summarize(options, rates, startedAt),
    problem: () => options.problem(),
  };
}

function isRunning(status: RuntimePod | undefined, containerId: string): boolean {
  return status?.containers.some((c) => c.id === containerId && c.state === "running") === true;
}

function whenEnded(cache: PodCache, uid: string, containerId: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!isRunning(cache.peek(uid), containerId)) return resolve();
    const finish = () => {
      unsubscribe();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const unsubscribe = cache.subscribe(uid, (status) => {
      if (!isRunning(status, containerId)) finish();
    });
    signal.addEventListener("abort", finish, { once: true });
  });
}

async function summarize(options: ServeOptions, rates: CpuRates, startedAt: number): Promise<Summary> {
  const { runtime, cache, machine, machineInfo, nodeName, rootDir, clock } = options;
  const [{ stats }, available, disk, cpuTime] = await Promise.all([
    runtime.runtime.listContainerStats({}),
    machine.availableMemory(),
    machine.disk(rootDir),
    machine.cpuTime(),
  ]);
  const pods = podSummaries(stats, rates, (uid, container) => {
    const status = cache.peek(uid);
    const found = status?.containers.find((c) => c.name === container);
    return found?.startedAt ?? status?.sandboxes[0]?.createdAt ?? startedAt;
  });
  const time = formatTime(clock.now());
  const nodeCpu: CpuUsage | null =
    cpuTime === undefined
      ? null
      : {
          timestamp: clock.now() * 1e6,
          usageCoreNanoSeconds: { value: cpuTime },
          usageNanoCores: null,
          psi: null,
        };
  const cpu = cpuStats("node", nodeCpu, rates);
  return {
    node: {
      nodeName,
      startTime: formatTime(startedAt),
      ...(cpu === undefined ? {} : { cpu }),
      memory: {
        time,
        availableBytes: available,
        usageBytes: machineInfo.memory - available,
        workingSetBytes: machineInfo.memory - available,
      },
      fs: {
        time,
        availableBytes: disk.available,
        capacityBytes: disk.capacity,
        usedBytes: disk.capacity - disk.available,
        inodes: disk.inodes,
        inodesFree: disk.inodesFree,
        inodesUsed: disk.inodes - disk.inodesFree,
      },
    },
    pods,
  };
}
