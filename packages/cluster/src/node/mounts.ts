/** Mounts below a directory. */

import { readFile } from "node:fs/promises";
import { run } from "../process.ts";

/** The mount points at or below the directories, the latest made first. */
export function mountsUnder(mountinfo: string, directories: readonly string[]): string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescapeMount(line.split(" ")[4] ?? ""))
    .filter((point) => directories.some((dir) => point === dir || point.startsWith(`${dir}/`)))
    .reverse();
}

/** Detaches everything mounted at or below the directories, so that they can be deleted without deleting what was mounted. */
export async function unmountUnder(directories: readonly string[], signal?: AbortSignal): Promise<void> {
  const points = mountsUnder(await readFile("/proc/self/mountinfo", "utf8"), directories);
  if (points.length === 0) return;
  // Lazily: a mount kept busy by a dying process goes when that does.
  await run("umount", ["--lazy", ...points], { ...(signal && { signal }), okCodes: [0, 32] });
  const left = mountsUnder(await readFile("/proc/self/mountinfo", "utf8"), directories);
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(", ")}`);
}

/** The kernel writes blanks, tabs, newlines and backslashes as three octal digits. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
