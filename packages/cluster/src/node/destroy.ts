/** Taking a node away, whatever state it is in. */

import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@kubets/apimachinery";
import { cgroupDirectories, detectCgroups, processesIn, removeCgroup } from "./cgroups.ts";
import { findContainerd } from "./containerd.ts";
import { type NodeIdentity, type NodeLayout, nodeLayout } from "./layout.ts";
import { unmountUnder } from "./mounts.ts";
import { hasNetns, removeNodeNetwork } from "./node-network.ts";
import { endProcesses, listProcesses } from "./processes.ts";

export interface DestroyOptions extends NodeIdentity {
  /** Also delete the node's files: images, logs, volumes. Otherwise the next start finds them. */
  readonly deleteData: boolean;
  readonly clock?: Clock;
}

/**
 * Ends every process of the node (containers, shims, containerd, and agents in its namespace), and removes its mounts, cgroups,
 * network namespace, interface and run directory. Everything is found by name and place, nothing by remembered process numbers, so it
 * works after a crash at any instant, and again.
 */
export async function destroyNode(options: DestroyOptions): Promise<void> {
  const layout = nodeLayout(options);
  const given = options.clock ? { clock: options.clock } : {};
  const cgroupDirs = cgroupDirectories(detectCgroups(), layout.cgroupRoot);
  // containerd first and alone: it would otherwise mourn its containers and restart shims.
  await endProcesses(await containerdOf(layout), { graceMs: 0, ...given });
  for (
    let pids = await processesOf(layout, cgroupDirs);
    pids.length > 0;
    pids = await processesOf(layout, cgroupDirs)
  ) {
    await endProcesses(pids, { graceMs: 0, ...given });
  }
  await removeShimSockets(layout);
  await unmountUnder([layout.runDir, layout.nodeDir]);
  for (const dir of cgroupDirs) await removeCgroup(dir);
  await removeNodeNetwork(layout);
  await removeCniRecords(layout);
  await rm(layout.runDir, { recursive: true, force: true });
  if (options.deleteData) await rm(layout.nodeDir, { recursive: true, force: true });
}

async function containerdOf(layout: NodeLayout): Promise<number[]> {
  const pid = await findContainerd(layout);
  return pid === undefined ? [] : [pid];
}

/** Shims and agents are in the node's network namespace; containers are in its cgroups, and each one's first process is on record. */
async function processesOf(layout: NodeLayout, cgroupDirs: readonly string[]): Promise<number[]> {
  const [all, inCgroups] = await Promise.all([listProcesses(), Promise.all(cgroupDirs.map(processesIn))]);
  const netns = await netnsIdentity(layout);
  const ours = all.filter(
    ({ netns: its, argv }) =>
      its === netns ||
      argv[argv.indexOf("-address") + 1] === layout.socketPath ||
      argv.some((arg) => arg.startsWith(`${layout.runDir}/`)),
  );
  return [...new Set([...ours.map(({ pid }) => pid), ...inCgroups.flat()])].filter((pid) => pid !== process.pid);
}

/** `net:[...]` of the node's namespace, or undefined; never the machine's own. */
async function netnsIdentity(layout: NodeLayout): Promise<string | undefined> {
  if (!(await hasNetns(layout))) return undefined;
  const { stat } = await import("node:fs/promises");
  const identity = `net:[${(await stat(layout.netnsPath)).ino}]`;
  return identity === (await readlink("/proc/self/ns/net")) ? undefined : identity;
}

/** A shim that was killed leaves its socket, outside of every directory of ours, with its name on record. */
async function removeShimSockets(layout: NodeLayout): Promise<void> {
  const tasks = join(layout.containerdState, "io.containerd.runtime.v2.task/k8s.io");
  for (const id of await readdir(tasks).catch(() => [])) {
    const address = (await readFile(join(tasks, id, "address"), "utf8").catch(() => "")).replace(/^unix:\/\//, "");
    if (address.startsWith("/run/containerd/s/")) await rm(address, { force: true });
  }
}

/** libcni's cache of what it set up, by network name. */
async function removeCniRecords(layout: NodeLayout): Promise<void> {
  const results = "/var/lib/cni/results";
  const stale = (await readdir(results).catch(() => [])).filter((name) => name.startsWith(`${layout.cniNetwork}-`));
  await Promise.all(stale.map((name) => rm(join(results, name), { force: true })));
  await rm(layout.cniDataDir, { recursive: true, force: true });
}
