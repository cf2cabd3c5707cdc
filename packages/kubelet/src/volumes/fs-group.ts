/** Gives a volume to a pod's fsGroup. Source: pkg/volume/volume_linux.go. */

import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

const readWrite = 0o660;
const readOnly = 0o440;
const execute = 0o110;
const setGid = 0o2000;

/**
 * Every file and directory below `root` gets the group, and the group may read (and write, unless `isReadOnly`) it; what is made in its directories later inherits the group.
 * @param onRootMismatch stop early when the root already has the group and its rights
 */
export async function setVolumeOwnership(
  root: string,
  group: number,
  options: { isReadOnly?: boolean; onRootMismatch?: boolean } = {},
): Promise<void> {
  const mask = options.isReadOnly ? readOnly : readWrite;
  if (options.onRootMismatch && (await matches(root, group, mask))) return;
  await walk(root, group, mask);
}

async function matches(root: string, group: number, mask: number): Promise<boolean> {
  const { gid, mode } = await lstat(root);
  const wanted = mask | execute | setGid;
  return gid === group && (mode & wanted) === wanted;
}

async function walk(path: string, group: number, mask: number): Promise<void> {
  const info = await lstat(path);
  await lchown(path, -1, group);
  if (info.isSymbolicLink()) return;
  const wanted = info.isDirectory() ? mask | execute | setGid : mask;
  await chmod(path, (info.mode & 0o7777) | wanted);
  if (!info.isDirectory()) return;
  for (const name of await readdir(path)) await walk(join(path, name), group, mask);
}
