/** Taking a node away, whatever state it is in. */

import { readdir, readFile, readlink, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Clock, realClock } from "@kubets/apimachinery";
import { run } from "../process.ts";
import { cgroupDirectories, detectCgroups, processesIn, removeCgroup, slicePath } from "./cgroups.ts";
import { findContainerd } from "./containerd.ts";
import { type NodeIdentity, type NodeLayout, nodeLayout } from "./layout.ts";
import { unmountUnder } from "./mounts.ts";
import { hasNetns, removeNodeNetwork } from "./node-network.ts";
import { endProcesses, isAlive, listProcesses } from "./processes.ts";

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
  const cgroups = detectCgroups();
  const cgroupDirs = cgroupDirectories(cgroups, layout.cgroupRoot);
  // containerd first and alone: it would otherwise mourn its containers and restart shims.
  await endProcesses(await containerdOf(layout), { graceMs: 0, ...given });
  // Containers before shims: a shim is the parent who takes note of its containers' end.
  await endAll(() => processesInAll(cgroupDirs), given);
  await endAll(() => processesOf(layout), given);
  await removeShimSockets(layout);
  await removeCniRecords(layout);
  await unmountUnder([layout.runDir, layout.nodeDir]);
  // systemd would otherwise go on keeping the slice, and make it anew.
  if (cgroups.driver === "systemd") await stopSlice(layout.cgroupRoot);
  for (const dir of cgroupDirs) await removeCgroup(dir, options.clock ?? realClock);
  await removeNodeNetwork(layout);
  await rm(layout.runDir, { recursive: true, force: true });
  // The directories of the cluster and of all clusters, when this was the last node in them.
  for (const dir of [layout.runDir, ...cgroupDirs]) await removeEmptyParents(dir);
  if (options.deleteData) await rm(layout.nodeDir, { recursive: true, force: true });
}

async function containerdOf(layout: NodeLayout): Promise<number[]> {
  const pid = await findContainerd(layout);
  return pid === undefined ? [] : [pid];
}

/** Ends what `find` finds until it finds nothing more: a process may have started another meanwhile. */
async function endAll(find: () => Promise<readonly number[]>, given: { readonly clock?: Clock }): Promise<void> {
  for (;;) {
    const found = await find();
    // A zombie is found too until its parent takes note of it.
    const states = await Promise.all(found.map(isAlive));
    const alive = found.filter((pid, i) => pid !== process.pid && states[i]);
    if (alive.length === 0) return;
    await endProcesses(alive, { graceMs: 0, ...given });
  }
}

/** Every process in the cgroups: the containers'. */
async function processesInAll(cgroupDirs: readonly string[]): Promise<number[]> {
  return [...new Set((await Promise.all(cgroupDirs.map(processesIn))).flat())];
}

/** Shims and agents: in the node's network namespace, or serving its containerd. */
async function processesOf(layout: NodeLayout): Promise<number[]> {
  const [all, netns] = await Promise.all([listProcesses(), netnsIdentity(layout)]);
  return all.filter((info) => info.netns === netns || isShim(info.argv, layout)).map(({ pid }) => pid);
}

function isShim(argv: readonly string[], layout: NodeLayout): boolean {
  return (argv[0] ?? "").includes("containerd-shim") && argv[argv.indexOf("-address") + 1] === layout.socketPath;
}

/** `net:[...]` of the node's namespace, or undefined; never the machine's own. */
async function netnsIdentity(layout: NodeLayout): Promise<string | undefined> {
  if (!(await hasNetns(layout))) return undefined;
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

/** libcni's cache of what it set up: the pod network's by its name, loopback's by the sandbox's id. */
async function removeCniRecords(layout: NodeLayout): Promise<void> {
  const results = "/var/lib/cni/results";
  const sandboxes = await readdir(join(layout.containerdState, "io.containerd.grpc.v1.cri/sandboxes")).catch(() => []);
  const prefixes = [`${layout.cniNetwork}-`, ...sandboxes.map((id) => `cni-loopback-${id}-`)];
  const stale = (await readdir(results).catch(() => [])).filter((name) =>
    prefixes.some((prefix) => name.startsWith(prefix)),
  );
  await Promise.all(stale.map((name) => rm(join(results, name), { force: true })));
  await rm(layout.cniDataDir, { recursive: true, force: true });
}

/** Harmless when there is no such slice. */
async function stopSlice(cgroup: string): Promise<void> {
  const slice = slicePath(cgroup).split("/").at(-1) ?? "";
  await run("systemctl", ["stop", slice], { okCodes: [0, 1, 5] });
}

/** Removes the parents of a path, up to the one named `kubets`, as far as they are empty. */
async function removeEmptyParents(path: string): Promise<void> {
  for (let dir = dirname(path); /\/kubets(\.slice)?(\/|$)/.test(dir); dir = dirname(dir)) {
    const isGone = await rmdir(dir).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === "ENOENT",
    );
    if (!isGone) return;
  }
}
