/**
 * The cluster's certificates. The first time they are made by a process of its own: what makes them is large, takes a tenth of a second to
 * load, and is then not needed for a year; meanwhile the control plane loads the API server, and keeps its memory.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { realClock } from "@kubets/apimachinery";
import type { ClusterCertificates } from "@kubets/apiserver/certificates";
import type { ClusterConfig } from "../config.ts";
import { startOf } from "../lock.ts";
import { endProcesses, listProcesses } from "../node/processes.ts";
import { clusterPaths } from "../paths.ts";

/** Where the control plane is told of a maker that `up` has started already: its process id, and when it began. */
const makerVariable = "KUBETS_CERTIFICATE_MAKER";
const program = new URL("./make-certificates.ts", import.meta.url).pathname;
const maxWaitMs = 10_000;

/** Starts making the certificates, if there are none; returns what to add to the control plane's environment. */
export async function startMaker(config: ClusterConfig): Promise<NodeJS.ProcessEnv> {
  if (existsSync(join(clusterPaths(config.name, config.dataDir).pki, "ca.crt"))) return {};
  await endMakers(config);
  const args = ["--disable-warning=ExperimentalWarning", program, config.dataDir];
  // Should it fail, the control plane tries the same and says why in its own words.
  const maker = spawn(process.execPath, args, { stdio: "ignore" }).on("error", () => undefined);
  maker.unref();
  return maker.pid === undefined ? {} : { [makerVariable]: `${maker.pid} ${startOf(maker.pid)}` };
}

/** Ends those that an `up` which was killed has left, or that take too long: two at a time would mix what they make. */
export async function endMakers({ dataDir }: ClusterConfig): Promise<void> {
  const makers = (await listProcesses()).filter(({ argv }) => argv.at(-2) === program && argv.at(-1) === dataDir);
  await endProcesses(
    makers.map(({ pid }) => pid),
    { graceMs: 0 },
  );
}

export async function readyCertificates(config: ClusterConfig): Promise<ClusterCertificates> {
  // Whoever is started again finds the variable as it was, and perhaps another process of that number.
  const maker = process.env[makerVariable] ?? (await startMaker(config))[makerVariable];
  delete process.env[makerVariable];
  const [pid = "", start] = maker?.split(" ") ?? [];
  // It need not be our child, so its end is looked for. One that hangs is not waited for: what is missing is made here.
  const deadline = realClock.monotonic() + maxWaitMs;
  const isAtWork = () => maker !== undefined && startOf(Number(pid)) === start;
  while (isAtWork() && realClock.monotonic() < deadline) await realClock.sleep(4);
  if (isAtWork()) await endMakers(config);
  const { clusterCertificates } = await import("../credentials.ts");
  return clusterCertificates(config);
}
