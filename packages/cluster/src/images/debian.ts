/** Debian packages as files: what a package and everything it depends on would put on a disk, without installing anything. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, run } from "../process.ts";
import { readTar, type TarEntry } from "./tar.ts";

export interface PackageSet {
  readonly packages: readonly string[];
  /** Names of dependencies to leave out: those only maintainer scripts need. */
  readonly without?: readonly string[];
}

/** The Debian architecture of this machine: `amd64`, `arm64`. */
export function debianArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}

/** The directory below /usr/lib that holds this architecture's libraries. */
export function libraryTriplet(): string {
  return process.arch === "x64" ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
}

/**
 * Downloads the packages and their dependencies with this machine's apt and its sources, and returns the paths of the .deb files, sorted.
 * apt is shown an empty list of installed packages, so the answer does not depend on what the machine has.
 * @param cacheDir keeps the files; several processes may use it at once
 * @throws Error with apt's message: no package lists, an unknown package, no network
 */
export async function downloadPackages(set: PackageSet, cacheDir: string, signal?: AbortSignal): Promise<string[]> {
  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, "apt-"));
  try {
    await mkdir(join(work, "archives/partial"), { recursive: true });
    await writeFile(join(work, "status"), "");
    const options = [
      ...["-o", `Dir::State::status=${work}/status`, "-o", `Dir::Cache::archives=${work}/archives`],
      ...["-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1", "-o", "APT::Install-Recommends=false"],
    ];
    const download = () => downloadMissing(set, options, work, cacheDir, signal);
    return await download().catch(async (error: unknown) => {
      if (!(error instanceof CommandError) || process.getuid?.() !== 0) throw error;
      // Most often the package lists are missing, or older than what the mirror still has.
      await run("apt-get", ["update", "--quiet"], { ...(signal && { signal }) });
      return download();
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function downloadMissing(
  set: PackageSet,
  options: readonly string[],
  work: string,
  cacheDir: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const wanted = await plannedFiles(options, set, signal);
  const missing = wanted.filter(({ file }) => !existsSync(join(cacheDir, file)));
  if (missing.length > 0) {
    const exact = missing.map(({ name, version }) => `${name}=${version}`);
    const args = [...options, "--yes", "--quiet", "download", ...exact];
    await run("apt-get", args, { cwd: work, ...(signal && { signal }) });
    await Promise.all(missing.map(({ file }) => rename(join(work, file), join(cacheDir, file))));
  }
  return wanted.map(({ file }) => join(cacheDir, file)).sort();
}

interface PlannedFile {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

async function plannedFiles(options: readonly string[], set: PackageSet, signal?: AbortSignal): Promise<PlannedFile[]> {
  const { stdout } = await run("apt-get", [...options, "--print-uris", "--yes", "install", ...set.packages], {
    ...(signal && { signal }),
  });
  const files = [...stdout.matchAll(/^'[^']+' (\S+\.deb) /gm)].map((match) => parseFileName(match[1]!));
  return files.filter(({ name }) => !set.without?.includes(name));
}

/** `zlib1g_1%3a1.2.13_amd64.deb`, as apt names a download: package, version, architecture. */
function parseFileName(file: string): PlannedFile {
  const [name = "", version = ""] = file.split("_");
  return { file, name, version: decodeURIComponent(version) };
}

/** The files of a .deb, with their owners and modes. No maintainer script is run. */
export async function packageEntries(debFile: string, signal?: AbortSignal): Promise<TarEntry[]> {
  const { stdoutBytes } = await run("dpkg-deb", ["--fsys-tarfile", debFile], { ...(signal && { signal }) });
  return [...readTar(stdoutBytes)].filter((entry) => entry.path !== "" && entry.path !== ".");
}
