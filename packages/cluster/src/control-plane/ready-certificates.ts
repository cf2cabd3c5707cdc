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
import { clusterPaths } from "../paths.ts";

/** Where the control plane is told of a maker that `up` has started already: its process id. */
const makerVariable = "KUBETS_CERTIFICATE_MAKER";
const maxWaitMs = 10_000;

/** Starts making the certificates, if there are none; returns what to add to the control plane's environment. */
export function startMaker(config: ClusterConfig): NodeJS.ProcessEnv {
  if (existsSync(join(clusterPaths(config.name, config.dataDir).pki, "ca.crt"))) return {};
  const program = new URL("./make-certificates.ts", import.meta.url).pathname;
  const args = ["--disable-warning=ExperimentalWarning", program, config.dataDir];
  // Should it fail, the control plane tries the same and says why in its own words.
  const maker = spawn(process.execPath, args, { stdio: "ignore" }).on("error", () => undefined);
  maker.unref();
  return maker.pid === undefined ? {} : { [makerVariable]: String(maker.pid) };
}

export async function readyCertificates(config: ClusterConfig): Promise<ClusterCertificates> {
  const maker = Number(process.env[makerVariable] ?? startMaker(config)[makerVariable]);
  delete process.env[makerVariable];
  // It need not be our child, so its end is looked for. One that hangs is not waited for: what is missing is made here.
  const deadline = realClock.monotonic() + maxWaitMs;
  while (maker && isAlive(maker) && realClock.monotonic() < deadline) await realClock.sleep(4);
  const { clusterCertificates } = await import("../credentials.ts");
  return clusterCertificates(config);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // No such process.
  }
}
