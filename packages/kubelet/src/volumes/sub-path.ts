/**
 * subPath mounts. What is inside of a volume is the containers' to change at any time, so a path into it is walked one component at a time
 * without following symlinks, and what was opened is what gets bind-mounted: a link swapped in between cannot lead out of the volume.
 */

import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { chmod, mkdir, open, realpath, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Mounter } from "./mounter.ts";

const oPath = 0o10000000;
const maxLinks = 40;

/** @throws Error for an absolute path or one with `..`. */
export function checkSubPath(subPath: string): void {
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes(".."))
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
}

/** The real, symlink-free path of `subPath` in `volume`, made (directories, with the volume's mode) where it is missing. @throws Error when it leads out. */
async function resolveInside(volume: string, subPath: string): Promise<string> {
  const root = await realpath(volume);
  const { mode } = await stat(root);
  const parts = subPath.split("/").filter((part) => part !== "" && part !== ".");
  let at = root;
  for (const part of parts) {
    const next = join(at, part);
    try {
      at = await realpath(next);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await mkdir(next);
      await chmod(next, mode & 0o7777); // Whatever the umask: a container's user writes here as in the volume.
      at = next;
    }
    if (at !== root && !at.startsWith(`${root}/`)) throw new Error(`subPath "${subPath}" is outside of the volume`);
  }
  return at;
}

/** Opens `path`, which is below `root`, refusing any symlink on the way. Close what comes back. */
async function openInside(root: string, path: string): Promise<FileHandle> {
  const flags = oPath | constants.O_NOFOLLOW;
  let handle = await open(root, oPath);
  const parts = relative(root, path)
    .split("/")
    .filter((part) => part !== "");
  if (parts.length > maxLinks * 10) throw new Error("subPath has too many components");
  for (const part of parts) {
    const parent = handle;
    try {
      handle = await open(`/proc/self/fd/${parent.fd}/${part}`, flags);
    } finally {
      await parent.close();
    }
    if ((await stat(`/proc/self/fd/${handle.fd}`)).isSymbolicLink()) {
      await handle.close();
      throw new Error(`subPath component ${part} became a symbolic link`);
    }
  }
  return handle;
}

/**
 * Binds `volume/subPath` to `target` and returns `target`.
 * @param volume the volume's directory on the node @param target a path below the pod's directory
 */
export async function bindSubPath(
  mounter: Mounter,
  volume: string,
  subPath: string,
  target: string,
  signal?: AbortSignal,
): Promise<string> {
  const real = await resolveInside(volume, subPath);
  const handle = await openInside(await realpath(volume), real);
  try {
    const source = `/proc/${process.pid}/fd/${handle.fd}`;
    if ((await mounter.mountsUnder(target)).includes(target)) await mounter.unmount(target);
    await rm(target, { recursive: true, force: true });
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    if ((await stat(source)).isDirectory()) await mkdir(target, { mode: 0o750 });
    else await writeFile(target, "");
    await mounter.bind(source, target, signal);
    return target;
  } finally {
    await handle.close();
  }
}
