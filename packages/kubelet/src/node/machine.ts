/** What the machine below a node is. Read once at start; disks are looked at when asked. */

import { readFile, statfs } from "node:fs/promises";
import { arch, cpus, release, totalmem } from "node:os";

export interface MachineInfo {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
}

export interface DiskUsage {
  /** Bytes. */
  readonly capacity: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

export interface Machine {
  info(): Promise<MachineInfo>;
  /** Of the file system that holds `path`. */
  disk(path: string): Promise<DiskUsage>;
  /** Nanoseconds of CPU time that all work has used since boot; undefined where nothing counts it. */
  cpuTime(): Promise<number | undefined>;
  /** Bytes that new work can have without swapping. */
  availableMemory(): Promise<number>;
}

async function textOf(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    // Not every machine has every file; the field is then empty, as upstream leaves it.
    return "";
  }
}

function goArch(name: string): string {
  return { x64: "amd64", ia32: "386", ppc64: "ppc64le" }[name] ?? name;
}

function prettyName(osRelease: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease)?.[1] ?? "Linux";
}

/** USER_HZ is 100 on every architecture we run on. */
const tickNanoseconds = 10_000_000;

export const realMachine: Machine = {
  async info() {
    const [machineID, systemUUID, bootID, osRelease] = await Promise.all([
      textOf("/etc/machine-id"),
      textOf("/sys/class/dmi/id/product_uuid"),
      textOf("/proc/sys/kernel/random/boot_id"),
      textOf("/etc/os-release"),
    ]);
    return {
      cpus: cpus().length,
      memory: totalmem(),
      machineID,
      systemUUID: systemUUID || machineID,
      bootID,
      kernelVersion: release(),
      osImage: prettyName(osRelease),
      architecture: goArch(arch()),
    };
  },
  async disk(path) {
    const { bsize, blocks, bavail, files, ffree } = await statfs(path);
    return { capacity: blocks * bsize, available: bavail * bsize, inodes: files, inodesFree: ffree };
  },
  async cpuTime() {
    const line = /^cpu +(.*)$/m.exec(await textOf("/proc/stat"))?.[1];
    if (line === undefined) return undefined;
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(" ").map(Number);
    return (user + nice + system + irq + softirq + steal) * tickNanoseconds;
  },
  async availableMemory() {
    const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(await textOf("/proc/meminfo"))?.[1];
    return kib === undefined ? totalmem() : Number(kib) * 1024;
  },
};
