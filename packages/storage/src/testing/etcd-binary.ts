/** The etcd to test with: the machine's own, or Debian's, fetched and unpacked beside this package, so that nothing is installed and no service started. */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
const found = new Map<string, Promise<string>>();

/** @throws Error when it can be had neither way */
export const etcdBinary = (): Promise<string> => program("etcd", "etcd-server");
export const etcdctlBinary = (): Promise<string> => program("etcdctl", "etcd-client");

function program(name: string, packageName: string): Promise<string> {
  let path = found.get(name);
  if (path === undefined) {
    path = find(name, packageName);
    found.set(name, path);
  }
  return path;
}

async function find(name: string, packageName: string): Promise<string> {
  const installed = process.env["PATH"]
    ?.split(delimiter)
    .map((directory) => join(directory, name))
    .find((file) => existsSync(file));
  return installed ?? (await unpacked(name, packageName));
}

async function unpacked(name: string, packageName: string): Promise<string> {
  const home = join(cache, packageName);
  const file = join(home, "usr/bin", name);
  if (existsSync(file)) return file;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "fetch-"));
  try {
    const download = () => run("apt-get", ["download", "--quiet", packageName], { cwd: scratch });
    // Package lists may be missing on a fresh machine.
    await download().catch(async () => {
      await run("apt-get", ["update", "--quiet"]);
      await download();
    });
    const archive = (await readdir(scratch)).find((entry) => entry.endsWith(".deb"));
    if (archive === undefined) throw new Error(`apt-get download ${packageName} left no archive`);
    await run("dpkg-deb", ["-x", join(scratch, archive), join(scratch, "unpacked")]);
    // Two test runs at once may both come here: the first one's stays.
    await rename(join(scratch, "unpacked"), home).catch((error: unknown) => {
      if (!existsSync(file)) throw error;
    });
    return file;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** For a test's `skip`: why there is no etcd, or false. @throws Error under CI=true */
export async function etcdTestSkip(): Promise<string | false> {
  try {
    await etcdBinary();
    return false;
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    return `etcd could not be had: ${error}`;
  }
}
