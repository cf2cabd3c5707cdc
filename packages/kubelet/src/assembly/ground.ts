/** What the parts of a kubelet stand on: the machine, its folders and cgroups, and what is said of it. */

import { mkdir } from "node:fs/promises";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { createEventRecorder } from "@kubets/client";
import { type CgroupManager, cgroupfsManager, noCgroups, systemdCgroups } from "../cgroups/cgroup-manager.ts";
import { defaultConfiguration, type KubeletConfiguration } from "../configuration.ts";
import type { KubeletOptions } from "../kubelet-options.ts";
import { type Machine, type MachineInfo, realMachine } from "../node/machine.ts";
import { allocatableOf } from "../node/resources.ts";
import { KubeletPaths } from "../paths.ts";
import { PodEvents } from "../pods/pod-events.ts";
import { type HostFiles, NodeFiles } from "../runtime/host-files.ts";
import { PodCache } from "../runtime/pod-cache.ts";
import { type Mounter, systemMounter } from "../volumes/mounter.ts";

/** What a kubelet has from its construction on. */
export interface KubeletBase {
  readonly options: KubeletOptions;
  readonly configuration: KubeletConfiguration;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Ground extends KubeletBase {
  readonly signal: AbortSignal;
  readonly machine: Machine;
  readonly info: MachineInfo;
  /** Bytes of the disk below the kubelet's folder. */
  readonly storage: number;
  readonly paths: KubeletPaths;
  readonly files: HostFiles;
  readonly mounter: Mounter;
  readonly cgroups: CgroupManager;
  readonly events: PodEvents;
  readonly cache: PodCache;
  /** Addresses, and what pods may have of the node: fixed for its life. */
  nodeFacts(): { readonly hostIPs: readonly string[]; readonly allocatable: Readonly<Record<string, string>> };
}

/** Makes the kubelet's folders, and looks at the machine. */
export async function layGround(base: KubeletBase, signal: AbortSignal): Promise<Ground> {
  const { options, configuration, clock, random, logger } = base;
  const { client, runtime, nodeName, nodeIPs, rootDir, podLogsDir, parts = {} } = options;
  const { machine = realMachine, mounter = systemMounter } = parts;
  // The simulated machine has no disk to make a directory on.
  if (parts.machine === undefined || parts.files === undefined) {
    await mkdir(rootDir, { recursive: true, mode: 0o750 });
    await mkdir(podLogsDir, { recursive: true, mode: 0o755 });
  }
  const info = await machine.info();
  const storage = (await machine.disk(rootDir)).capacity;
  const recorder =
    parts.recorder ??
    createEventRecorder({ client, component: "kubelet", host: nodeName, signal, clock, random, logger });
  const paths = new KubeletPaths(rootDir, podLogsDir);
  const allocatable = allocatableOf({ cpus: info.cpus, memory: info.memory, storage }, configuration);
  const facts = { hostIPs: nodeIPs, allocatable };
  return {
    ...{ ...base, signal, machine, info, storage, paths, mounter },
    files: parts.files ?? new NodeFiles(paths, random, configuration.resolvConf),
    cgroups: parts.cgroups ?? (await cgroupsOf(base)),
    events: new PodEvents(recorder),
    cache: new PodCache(runtime.runtime, logger, signal),
    nodeFacts: () => facts,
  };
}

async function cgroupsOf({ options, configuration, logger }: KubeletBase): Promise<CgroupManager> {
  const { cgroupsPerQOS, cgroupRoot } = configuration;
  if (!cgroupsPerQOS) return noCgroups;
  if ((await cgroupDriver(options)) === "systemd") return systemdCgroups(cgroupRoot);
  const mount = options.cgroupMount ?? "/sys/fs/cgroup";
  return cgroupfsManager({ mount, root: cgroupRoot, logger });
}

/** The one configured, else the runtime's own: both must use the same. */
async function cgroupDriver({ configuration, runtime }: KubeletOptions): Promise<KubeletConfiguration["cgroupDriver"]> {
  if (configuration?.cgroupDriver !== undefined) return configuration.cgroupDriver;
  try {
    const { linux } = await runtime.runtime.runtimeConfig({});
    return linux?.cgroupDriver === "SYSTEMD" ? "systemd" : "cgroupfs";
  } catch {
    // Older runtimes cannot tell; the default holds, as it does upstream.
    return defaultConfiguration.cgroupDriver;
  }
}
