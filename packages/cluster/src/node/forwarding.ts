/** The machine passing packets on between nodes, and between them and the world, whatever else governs its forwarding. */

import { mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { run } from "../process.ts";
import { interfacePrefix } from "./layout.ts";

interface Call {
  readonly signal?: AbortSignal;
}

/** Uplinks that pass packets on because kubets said so, one name to a line. */
const uplinksFile = "/run/kubets/forwarding-uplinks";

/** Answers to what pods ask outside come in by the machine's uplinks and must be passed on. */
export async function forwardUplinks(call: Call): Promise<void> {
  const { stdout } = await run("ip", ["-json", "-4", "route", "show", "default"], call);
  const devices = new Set((JSON.parse(stdout || "[]") as { dev?: string }[]).flatMap(({ dev }) => dev ?? []));
  const changed = new Set(await changedUplinks());
  for (const device of devices) {
    const now = await readFile(`/proc/sys/net/ipv4/conf/${device}/forwarding`, "utf8").catch(() => "1");
    if (now.trim() !== "0") continue;
    // Recorded first: a crash in between restores what is as it was.
    changed.add(device);
    await mkdir(dirname(uplinksFile), { recursive: true, mode: 0o711 });
    await writeFile(uplinksFile, [...changed].join("\n"));
    await setForwarding(device, "1", call);
  }
}

/** Puts the uplinks back to what they were, when no cluster of this machine is left. */
export async function restoreUplinks(): Promise<void> {
  const { stdout } = await run("nft", ["list", "tables", "ip"]);
  if (/^table ip kubets-/m.test(stdout)) return;
  for (const device of await changedUplinks()) await setForwarding(device, "0", {});
  await rm(uplinksFile, { force: true });
  // Anything else in it still needs it.
  await rmdir(dirname(uplinksFile)).catch(() => undefined);
}

async function changedUplinks(): Promise<string[]> {
  return (await readFile(uplinksFile, "utf8").catch(() => "")).split("\n").filter(Boolean);
}

/** A device that is gone needs no setting. */
async function setForwarding(device: string, value: string, call: Call): Promise<void> {
  await run("sysctl", ["-q", "-w", `net.ipv4.conf.${device}.forwarding=${value}`], { ...call, okCodes: [0, 1, 255] });
}

/**
 * Docker, ufw and others let the machine pass on nothing that they do not know. Their verdict is final whatever our own table says,
 * so the cluster's interfaces are made known to them, at the head of their chain. Does nothing where nobody forbids anything.
 */
export async function acceptForwarded(cluster: string, call: Call): Promise<void> {
  const rules = await forwardRules(call);
  if (!rules.includes("-P FORWARD DROP")) return;
  for (const rule of acceptRules(cluster)) {
    if (!rules.includes(`-A FORWARD ${rule.join(" ")}`)) await run("iptables", ["-w", "-I", "FORWARD", ...rule], call);
  }
}

export async function forgetForwarded(cluster: string): Promise<void> {
  const rules = await forwardRules({});
  for (const rule of acceptRules(cluster)) {
    if (rules.includes(`-A FORWARD ${rule.join(" ")}`)) await run("iptables", ["-w", "-D", "FORWARD", ...rule]);
  }
}

function acceptRules(cluster: string): string[][] {
  const interfaces = `${interfacePrefix(cluster)}+`;
  return [
    ["-i", interfaces, "-j", "ACCEPT"],
    ["-o", interfaces, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"],
  ];
}

/** The FORWARD chain as iptables prints it; nothing where there is no iptables, and then nobody has used it. */
async function forwardRules(call: Call): Promise<string[]> {
  return run("iptables", ["-w", "-S", "FORWARD"], call).then(
    ({ stdout }) => stdout.split("\n"),
    () => [],
  );
}
