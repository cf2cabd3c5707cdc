/** What a machine must have before it can be a node, and getting it. */

import { accessSync, constants, existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { run } from "../process.ts";
import { detectCgroups } from "./cgroups.ts";
import { findCniBinDir, hasCapability } from "./containerd-config.ts";

export interface RequiredPackage {
  readonly name: string;
  readonly why: string;
}

/** Debian's names, and how to tell that the machine has them already, from whichever source. */
const required: readonly (RequiredPackage & { readonly isPresent: () => boolean })[] = [
  { name: "containerd", why: "runs the containers", isPresent: () => hasProgram("containerd") && hasProgram("ctr") },
  { name: "runc", why: "starts each container for containerd", isPresent: () => hasProgram("runc") },
  { name: "containernetworking-plugins", why: "gives pods their network interfaces", isPresent: hasCniPlugins },
  { name: "nftables", why: "leads Service addresses to pods", isPresent: () => hasProgram("nft") },
  { name: "iproute2", why: "makes the nodes' network namespaces and routes", isPresent: () => hasProgram("ip") },
  { name: "procps", why: "sets kernel parameters of a node (sysctl)", isPresent: () => hasProgram("sysctl") },
];

/** By Debian's names, with what each is needed for. */
export function missingPackages(): RequiredPackage[] {
  return required.filter(({ isPresent }) => !isPresent()).map(({ name, why }) => ({ name, why }));
}

export interface InstallOptions {
  /** `--no-install`: refuse instead. */
  readonly install: boolean;
  /** Told what is about to be installed and why, one line at a time. */
  readonly tell: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Installs what is missing with apt-get. @throws Error, one sentence that says what to do, when it may not or cannot */
export async function installPackages(
  missing: readonly RequiredPackage[],
  { install, tell, signal }: InstallOptions,
): Promise<void> {
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  const byHand = `apt-get install ${names.join(" ")}`;
  if (!install)
    throw new Error(
      `this machine lacks ${names.join(", ")}, and --no-install forbids installing them: run "${byHand}" first`,
    );
  if (!hasProgram("apt-get")) {
    throw new Error(
      `this machine lacks ${names.join(", ")} and has no apt-get to install them: install them yourself, or use --nodes 0 or --simulated-nodes`,
    );
  }
  if (process.getuid?.() !== 0)
    throw new Error(`installing ${names.join(", ")} needs root: run "sudo ${byHand}" first`);
  tell("Installing from Debian:");
  for (const { name, why } of missing) tell(`  ${name}: ${why}`);
  const call = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, ...(signal && { signal }) };
  const args = ["install", "--yes", "--quiet", "--no-install-recommends", ...names];
  await keepServicesStopped(async () => {
    try {
      await run("apt-get", args, call);
    } catch {
      // Most often the package lists are missing or out of date.
      await run("apt-get", ["update", "--quiet"], call);
      await run("apt-get", args, call);
    }
  });
  const still = missingPackages().map(({ name }) => name);
  if (still.length > 0)
    throw new Error(`apt-get installed ${names.join(", ")}, yet ${still.join(", ")} cannot be found in PATH`);
}

/** Debian starts a daemon it installs; kubets runs its own containerd and does not want that one. */
async function keepServicesStopped(install: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return install();
  await writeFile(policy, "#!/bin/sh\n# Written by kubets while it installs packages.\nexit 101\n", { mode: 0o755 });
  try {
    await install();
  } finally {
    await rm(policy, { force: true });
  }
}

/** Why this process cannot run nodes, in one sentence that says what to do; undefined when it can. */
export function privilegeProblem(): string | undefined {
  if (process.platform !== "linux")
    return `nodes with containers need Linux, this is ${process.platform}: use --simulated-nodes N or --nodes 0`;
  if (process.getuid?.() !== 0)
    return "nodes with containers need root: run with sudo, or use --simulated-nodes N or --nodes 0";
  return capabilityProblem() ?? cgroupProblem();
}

/** Root inside a container may be root without power. */
function capabilityProblem(): string | undefined {
  const missing = neededCapabilities.filter(([number]) => !hasCapability(number)).map(([, name]) => name);
  if (missing.length === 0) return undefined;
  return `nodes with containers need ${missing.join(" and ")}, which this process lacks (a container without --privileged?): use --simulated-nodes N or --nodes 0`;
}

/** Numbers as in capabilities(7). */
const neededCapabilities = [
  [12, "CAP_NET_ADMIN"],
  [21, "CAP_SYS_ADMIN"],
] as const;

function cgroupProblem(): string | undefined {
  try {
    const { hierarchies } = detectCgroups();
    accessSync(hierarchies[0] ?? "/sys/fs/cgroup", constants.W_OK);
    return undefined;
  } catch (error) {
    return `nodes with containers need to write to /sys/fs/cgroup (${(error as Error).message}): use --simulated-nodes N or --nodes 0`;
  }
}

function hasCniPlugins(): boolean {
  try {
    findCniBinDir();
    return true;
  } catch {
    return false;
  }
}

/** Looks in PATH and where Debian keeps programs for root, which a user's PATH may lack. */
function hasProgram(name: string): boolean {
  const dirs = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return dirs.some((dir) => dir !== "" && existsSync(join(dir, name)));
}
