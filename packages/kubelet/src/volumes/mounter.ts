/** Mounts, by util-linux. Node has no mount(2). */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

export interface Mounter {
  tmpfs(path: string, options: { sizeBytes?: number; noSwap?: boolean }, signal?: AbortSignal): Promise<void>;
  bind(source: string, target: string, signal?: AbortSignal): Promise<void>;
  unmount(path: string): Promise<void>;
  /** Mount points at or below `path`, deepest first. */
  mountsUnder(path: string): Promise<string[]>;
}

function run(command: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, [...args], signal === undefined ? {} : { signal }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const detail = stderr.trim() === "" ? error.message : stderr.trim();
      reject(new Error(`${command} ${args.join(" ")}: ${detail}`, { cause: error }));
    });
  });
}

/** mountinfo writes space, tab, newline and backslash in octal. */
function fromOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function mountPoints(mountInfo: string): string[] {
  return mountInfo
    .split("\n")
    .map((line) => line.split(" ")[4])
    .filter((point): point is string => point !== undefined)
    .map(fromOctal);
}

export const systemMounter: Mounter = {
  tmpfs(path, { sizeBytes }, signal) {
    const size = sizeBytes === undefined ? [] : ["-o", `size=${sizeBytes}`];
    return run("mount", ["-t", "tmpfs", ...size, "tmpfs", path], signal);
  },
  bind: (source, target, signal) => run("mount", ["--no-canonicalize", "--bind", source, target], signal),
  unmount: (path) => run("umount", [path]),
  async mountsUnder(path) {
    const points = mountPoints(await readFile("/proc/self/mountinfo", "utf8"));
    return points.filter((p) => p === path || p.startsWith(`${path}/`)).sort((a, b) => b.length - a.length);
  },
};
