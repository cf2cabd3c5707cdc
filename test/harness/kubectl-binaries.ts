/** The kubectl programs to test with: Debian's 1.20, fetched into test/.cache, and the machine's own when it is recent. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { output, run } from "./run.ts";

export interface KubectlBinary {
  /** As `1.20`. */
  readonly version: string;
  /** The number after the dot. */
  readonly minor: number;
  readonly path: string;
}

const cache = fileURLToPath(new URL("../.cache", import.meta.url));
const oldestRecent = 27;
let found: Promise<readonly KubectlBinary[]> | undefined;

/** Oldest first. @throws Error under CI=true when Debian's kubectl cannot be had */
export function kubectlBinaries(): Promise<readonly KubectlBinary[]> {
  found ??= find();
  return found;
}

/** The newest there is. */
export async function newestKubectl(): Promise<KubectlBinary> {
  const newest = (await kubectlBinaries()).at(-1);
  if (newest === undefined) throw new Error("no kubectl: install kubernetes-client, or put one into PATH");
  return newest;
}

async function find(): Promise<KubectlBinary[]> {
  const binaries: KubectlBinary[] = [];
  try {
    binaries.push(await describe(await debianKubectl()));
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    console.error(`Debian's kubernetes-client could not be fetched; testing without it: ${error}`);
  }
  const own = process.env["PATH"]
    ?.split(delimiter)
    .map((dir) => join(dir, "kubectl"))
    .find((file) => existsSync(file));
  if (own !== undefined) {
    const binary = await describe(own);
    if (binary.minor >= oldestRecent) binaries.push(binary);
  }
  return binaries;
}

async function describe(path: string): Promise<KubectlBinary> {
  const text = await output(path, ["version", "--client", "-o", "json"]);
  const { clientVersion } = JSON.parse(text) as { clientVersion: { gitVersion: string } };
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(clientVersion.gitVersion) ?? [];
  return { version: `${major}.${minor}`, minor: Number(minor), path };
}

/** Unpacked beside the tests, so that the machine's own kubectl stays what it is. */
async function debianKubectl(): Promise<string> {
  const home = join(cache, "kubernetes-client");
  const program = join(home, "usr/bin/kubectl");
  if (existsSync(program)) return program;
  await mkdir(cache, { recursive: true });
  const scratch = await mkdtemp(join(cache, "fetch-"));
  try {
    const download = () => run("apt-get", ["download", "--quiet", "kubernetes-client"], { cwd: scratch });
    // Package lists may be missing on a fresh machine.
    if ((await download()).code !== 0) {
      await run("apt-get", ["update", "--quiet"], { timeoutMs: 300_000 });
      await output("apt-get", ["download", "--quiet", "kubernetes-client"], { cwd: scratch });
    }
    const archive = (await readdir(scratch)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get download kubernetes-client left no archive");
    await output("dpkg-deb", ["-x", join(scratch, archive), join(scratch, "unpacked")]);
    // Two test runs at once may both come here: the first one's stays.
    await rename(join(scratch, "unpacked"), home).catch((error) => {
      if (!existsSync(program)) throw error;
    });
    return program;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
