/**
 * Writes a set of files so that a reader sees the old set or the new one, never a mixture: the files live in a timestamped directory, the
 * symlink `..data` points to it, and every name is a symlink through `..data`. The layout is upstream's (pkg/volume/util/atomic_writer.go).
 */

import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Payload } from "./payload.ts";

const dataLink = "..data";
const newDataLink = "..data_tmp";

/** Checks that no path leaves the volume. @throws Error */
function checkPath(path: string): void {
  const parts = path.split("/");
  if (path === "" || path.startsWith("/") || parts.includes("..")) throw new Error(`invalid path: ${path}`);
  if (parts[0]!.startsWith("..")) throw new Error(`invalid path: must not start with '..': ${path}`);
}

/**
 * @param setPermissions called with the new directory before it becomes visible
 * @param timestamp names the directory: `2026_01_02_03_04_05`
 * @returns false when what is there is already so
 */
export async function writeAtomically(
  target: string,
  payload: Payload,
  timestamp: string,
  setPermissions?: (directory: string) => Promise<void>,
): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const current = await currentDirectory(target);
  const stale = current === undefined ? [] : await filesBelow(join(target, current));
  if (current !== undefined && (await isSame(join(target, current), stale, payload))) return false;
  const fresh = await mkdtemp(join(target, `..${timestamp}.`));
  await chmod(fresh, 0o755);
  await writeFiles(fresh, payload);
  await setPermissions?.(fresh);
  await rm(join(target, newDataLink), { force: true });
  await symlink(fresh.slice(target.length + 1), join(target, newDataLink));
  await rename(join(target, newDataLink), join(target, dataLink));
  await linkNames(target, payload);
  await unlinkOldNames(target, payload, stale);
  if (current !== undefined) await rm(join(target, current), { recursive: true, force: true });
  return true;
}

async function currentDirectory(target: string): Promise<string | undefined> {
  try {
    return await readlink(join(target, dataLink));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function isSame(directory: string, paths: readonly string[], payload: Payload): Promise<boolean> {
  if (paths.length !== payload.size) return false;
  for (const [path, file] of payload) {
    if (!paths.includes(path)) return false;
    if (!(await readFile(join(directory, path))).equals(file.data)) return false;
    const { mode, uid } = await stat(join(directory, path));
    // A group may have been given more; the owner's bits and the owner are what was asked for.
    if ((mode & 0o700) !== (file.mode & 0o700) || uid !== (file.uid ?? uid)) return false;
  }
  return true;
}

async function writeFiles(directory: string, payload: Payload): Promise<void> {
  for (const [path, { data, mode, uid }] of payload) {
    const full = join(directory, path);
    await mkdir(dirname(full), { recursive: true, mode: 0o755 });
    await writeFile(full, data, { mode });
    // The umask may have taken bits away.
    await chmod(full, mode);
    if (uid !== undefined) await chown(full, uid, -1);
  }
}

const topOf = (path: string): string => path.split("/")[0]!;

async function linkNames(target: string, payload: Payload): Promise<void> {
  for (const top of new Set([...payload.keys()].map(topOf))) {
    try {
      await lstat(join(target, top));
    } catch {
      // Not there yet; anything else wrong with the place will fail here too.
      await symlink(join(dataLink, top), join(target, top));
    }
  }
}

async function unlinkOldNames(target: string, payload: Payload, stale: readonly string[]): Promise<void> {
  const kept = new Set([...payload.keys()].map(topOf));
  for (const top of new Set(stale.map(topOf))) if (!kept.has(top)) await unlink(join(target, top));
}

/** `2026_01_02_03_04_05`, the name part of a data directory. */
export function dataTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
}
