/** Makes and removes the cgroups of pods, on cgroup v1 (also hybrid) and v2. Where that is not allowed, pods run without and it is said once. */

import { access, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@kubets/api";
import type { Logger } from "@kubets/apimachinery";
import { cpuPeriodUs, podCgroupResources } from "../runtime/resources.ts";
import { cgroupfsName, podCgroupPath, systemdName } from "./pod-cgroup.ts";

export interface CgroupManager {
  /** What the sandbox's `cgroupParent` is; "" leaves it to the runtime. */
  parentOf(pod: Pod): string;
  /** Makes the pod's cgroup with its limits. Never fails: without cgroups the pod runs all the same. */
  create(pod: Pod): Promise<void>;
  /** Removes the pod's cgroup. */
  remove(pod: Pod): Promise<void>;
}

export const noCgroups: CgroupManager = {
  parentOf: () => "",
  create: () => Promise.resolve(),
  remove: () => Promise.resolve(),
};

/** systemd makes the slices itself when runc asks it to; only the names are ours. */
export function systemdCgroups(root: string): CgroupManager {
  return { ...noCgroups, parentOf: (pod) => systemdName(root, podCgroupPath(pod)) };
}

const v1Controllers = ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "systemd"];

export interface CgroupfsOptions {
  /** `/sys/fs/cgroup` */
  readonly mount: string;
  /** Below the mount, for everything of this kubelet: `/`, or `/kubets/node-1`. */
  readonly root: string;
  readonly logger: Logger;
}

/** Finds out which version is mounted. */
export async function cgroupfsManager(options: CgroupfsOptions): Promise<CgroupManager> {
  if (await exists(join(options.mount, "cgroup.controllers"))) return new Cgroupfs(options, ["."], true);
  const hierarchies: string[] = [];
  for (const name of v1Controllers) if (await exists(join(options.mount, name))) hierarchies.push(name);
  if (hierarchies.length === 0) {
    options.logger.warn("no cgroups are mounted: pods run without limits of their own", { mount: options.mount });
    return noCgroups;
  }
  return new Cgroupfs(options, hierarchies, false);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

class Cgroupfs implements CgroupManager {
  readonly #options: CgroupfsOptions;
  readonly #hierarchies: readonly string[];
  readonly #unified: boolean;
  #broken = false;

  constructor(options: CgroupfsOptions, hierarchies: readonly string[], unified: boolean) {
    this.#options = options;
    this.#hierarchies = hierarchies;
    this.#unified = unified;
  }

  parentOf(pod: Pod): string {
    return this.#broken ? "" : cgroupfsName(this.#options.root, podCgroupPath(pod));
  }

  async create(pod: Pod): Promise<void> {
    if (this.#broken) return;
    try {
      await Promise.all(this.#hierarchies.map((hierarchy) => this.#make(hierarchy, this.parentOf(pod))));
      await (this.#unified ? this.#limitUnified(pod) : this.#limitV1(pod));
    } catch (error) {
      this.#broken = true;
      this.#options.logger.warn("cannot make pod cgroups: pods run without limits of their own", { err: error });
    }
  }

  async remove(pod: Pod): Promise<void> {
    if (this.#broken) return;
    // The runtime makes cgroups in hierarchies that we do not, and leaves the pod's when its containers are gone.
    for (const hierarchy of this.#unified ? this.#hierarchies : await readdir(this.#options.mount)) {
      await removeTree(join(this.#options.mount, hierarchy, this.parentOf(pod))).catch((error: unknown) => {
        this.#options.logger.debug("pod cgroup not removed", { hierarchy, err: error });
      });
    }
  }

  /** Part by part: cpuset starts empty in v1, and v2 hands controllers down only when told to. */
  async #make(hierarchy: string, path: string): Promise<void> {
    let at = join(this.#options.mount, hierarchy);
    for (const part of path.split("/").filter((p) => p !== "")) {
      if (this.#unified) await delegate(at);
      const parent = at;
      at = join(at, part);
      const made = await mkdir(at).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (made && hierarchy === "cpuset") await inheritCpuset(parent, at);
    }
  }

  async #limitV1(pod: Pod): Promise<void> {
    const { cpuShares, cpuQuota, memoryLimit } = podCgroupResources(pod);
    const file = (controller: string, name: string) => join(this.#options.mount, controller, this.parentOf(pod), name);
    await writeIfThere(file("cpu", "cpu.shares"), String(cpuShares));
    if (cpuQuota !== undefined) {
      await writeIfThere(file("cpu", "cpu.cfs_period_us"), String(cpuPeriodUs));
      await writeIfThere(file("cpu", "cpu.cfs_quota_us"), String(cpuQuota));
    }
    if (memoryLimit !== undefined) await writeIfThere(file("memory", "memory.limit_in_bytes"), String(memoryLimit));
  }

  async #limitUnified(pod: Pod): Promise<void> {
    const { cpuShares, cpuQuota, memoryLimit } = podCgroupResources(pod);
    const file = (name: string) => join(this.#options.mount, this.parentOf(pod), name);
    await writeIfThere(file("cpu.weight"), String(sharesToWeight(cpuShares)));
    if (cpuQuota !== undefined) await writeIfThere(file("cpu.max"), `${cpuQuota} ${cpuPeriodUs}`);
    if (memoryLimit !== undefined) await writeIfThere(file("memory.max"), String(memoryLimit));
  }
}

/** 2..262144 shares to 1..10000 of weight. Source: KEP-2254. */
export function sharesToWeight(shares: number): number {
  return Math.trunc(1 + ((shares - 2) * 9999) / 262_142);
}

async function delegate(directory: string): Promise<void> {
  const controllers = (await readFile(join(directory, "cgroup.controllers"), "utf8")).trim().split(/\s+/);
  for (const name of ["cpu", "cpuset", "memory", "pids", "io"]) {
    if (controllers.includes(name)) await writeFile(join(directory, "cgroup.subtree_control"), `+${name}`);
  }
}

async function inheritCpuset(parent: string, child: string): Promise<void> {
  for (const name of ["cpuset.cpus", "cpuset.mems"]) {
    await writeFile(join(child, name), await readFile(join(parent, name), "utf8"));
  }
}

async function writeIfThere(path: string, text: string): Promise<void> {
  if (await exists(path)) await writeFile(path, text);
}

async function removeTree(path: string): Promise<void> {
  if (!(await exists(path))) return;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(path, entry.name));
  }
  await rmdir(path);
}
