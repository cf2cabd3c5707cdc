/** Control groups: what this machine has, and taking a whole tree of them away. */

import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, realClock } from "@kubets/apimachinery";

export interface CgroupSupport {
  /** `v1`, `v2`, or `hybrid`: v1 controllers beside an empty v2 mount. */
  readonly version: "v1" | "v2" | "hybrid";
  /** Who makes cgroups: systemd where it runs the machine, else the runtime writes to the file system itself. */
  readonly driver: "cgroupfs" | "systemd";
  /** Mount points of the hierarchies that have controllers. */
  readonly hierarchies: readonly string[];
}

/** @throws Error when no cgroup file system is mounted */
export function detectCgroups(
  mounts = readFileSync("/proc/self/mounts", "utf8"),
  systemdRuns = existsSync("/run/systemd/system"),
): CgroupSupport {
  const lines = mounts.split("\n").map((line) => line.split(" "));
  const points = (type: string) => lines.filter((fields) => fields[2] === type).map((fields) => fields[1]!);
  const [v1, v2] = [points("cgroup"), points("cgroup2")];
  if (v1.length + v2.length === 0)
    throw new Error("no cgroup file system is mounted: containers cannot run; mount one on /sys/fs/cgroup");
  const driver = systemdRuns ? "systemd" : "cgroupfs";
  if (v1.length === 0) return { version: "v2", driver, hierarchies: v2 };
  return { version: v2.length > 0 ? "hybrid" : "v1", driver, hierarchies: [...v1, ...v2] };
}

/** The directories of a cgroup in every hierarchy, in both drivers' notations of its name. */
export function cgroupDirectories(support: CgroupSupport, cgroup: string): string[] {
  return support.hierarchies.flatMap((hierarchy) => [join(hierarchy, cgroup), join(hierarchy, slicePath(cgroup))]);
}

/** `/kubets/a/b` as systemd nests slices: `kubets.slice/kubets-a.slice/kubets-a-b.slice`. */
export function slicePath(cgroup: string): string {
  const parts = cgroup
    .split("/")
    .filter(Boolean)
    .map((part) => part.replaceAll("-", "_"));
  return parts.map((_, i) => `${parts.slice(0, i + 1).join("-")}.slice`).join("/");
}

/** Every process in the cgroup directory and below it. */
export async function processesIn(directory: string): Promise<number[]> {
  const text = await readFile(join(directory, "cgroup.procs"), "utf8").catch(() => "");
  const own = text.split("\n").filter(Boolean).map(Number);
  const below = await Promise.all((await subdirectories(directory)).map(processesIn));
  return [...new Set([...own, ...below.flat()])];
}

/** Removes the cgroup directory and all below it; their processes must have ended. Harmless when there is none. */
export async function removeCgroup(directory: string, clock: Clock = realClock): Promise<void> {
  for (const child of await subdirectories(directory)) await removeCgroup(child, clock);
  // Busy until the last zombie in it is reaped.
  for (let pauseMs = 5; ; pauseMs *= 2) {
    const error = await rmdir(directory).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    if (!error || error.code === "ENOENT") return;
    if (error.code !== "EBUSY" || pauseMs > 4000)
      throw new Error(`cannot remove cgroup ${directory}: ${error.message}`, { cause: error });
    await clock.sleep(pauseMs);
  }
}

async function subdirectories(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name));
}
