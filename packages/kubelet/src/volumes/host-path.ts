/** hostPath volumes: the checks of `type`. Source of rules and errors: pkg/volume/hostpath. */

import type { Stats } from "node:fs";
import { mkdir, open, stat } from "node:fs/promises";

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

interface TypeCheck {
  readonly what: string;
  is(stats: Stats): boolean;
  make?(path: string): Promise<unknown>;
}

const checks: Record<string, TypeCheck> = {
  DirectoryOrCreate: {
    what: "a directory",
    is: (s) => s.isDirectory(),
    make: (path) => mkdir(path, { recursive: true, mode: 0o755 }),
  },
  Directory: { what: "a directory", is: (s) => s.isDirectory() },
  FileOrCreate: {
    what: "a file",
    is: (s) => s.isFile(),
    make: async (path) => (await open(path, "a", 0o644)).close(),
  },
  File: { what: "a file", is: (s) => s.isFile() },
  Socket: { what: "a socket file", is: (s) => s.isSocket() },
  CharDevice: { what: "a character device", is: (s) => s.isCharacterDevice() },
  BlockDevice: { what: "a block device", is: (s) => s.isBlockDevice() },
};

/** @throws Error when the path is not of the type, and may not be made so. */
export async function checkHostPath(path: string, type: string | undefined): Promise<void> {
  if (type === undefined || type === "") return;
  const check = checks[type];
  if (check === undefined) throw new Error(`hostPath type check failed: ${type} is not a valid volume type`);
  let stats = await statOf(path);
  if (stats === undefined && check.make !== undefined) {
    await check.make(path);
    stats = await statOf(path);
  }
  if (stats === undefined || !check.is(stats))
    throw new Error(`hostPath type check failed: ${path} is not ${check.what}`);
}
