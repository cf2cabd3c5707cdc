/** A cluster as a user has one: brought up by `./kubets up` in a directory of its own, and gone without a trace when the test ends. */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { unheardError } from "@kubets/apimachinery";
import { type Client, createClient, type HttpsTransport, transportFromKubeconfig } from "@kubets/client";
import { clusterPaths, runningProgram } from "@kubets/cluster";
import { cleanUp } from "./clean-up.ts";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl-binaries.ts";
import { type Result, type RunOptions, run } from "./run.ts";

export interface ClusterOptions {
  /** 0 when left out. */
  readonly nodes?: number;
  readonly simulatedNodes?: number;
  readonly kubectl?: KubectlBinary;
  /** Further flags of `kubets up`. */
  readonly flags?: readonly string[];
  /** Where its data lives; a directory below the test's own when left out. */
  readonly dataDir?: string;
}

export interface TestCluster {
  readonly name: string;
  /** The test's own directory: data, kubeconfig and home are below it. */
  readonly dir: string;
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly server: string;
  readonly kubectl: Kubectl;
  readonly client: Client;
  /** `./kubets ...args` with this test's environment; --name is added where it belongs. Its end, good or bad. */
  kubets(args: readonly string[], options?: RunOptions): Promise<Result>;
  /** The process id of the control plane itself, not of its supervisor; undefined while there is none. */
  controlPlanePid(): number | undefined;
  /** SIGKILL for the control plane and its supervisor, in one go. */
  killEverything(): void;
  /** The control plane's log so far. */
  log(): string;
  /** `kubets down --delete`; also called when the test ends. */
  stop(): Promise<void>;
}

export const kubetsProgram = fileURLToPath(new URL("../../kubets", import.meta.url));

/** A name that no other cluster on this machine has. */
export function freshName(): string {
  return `t-${randomBytes(4).toString("hex")}`;
}

/** A directory that goes when the test ends. */
export async function testDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "kubets-test-"));
  cleanUp(t, () => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Without touching the user's home and kubeconfig. */
export function isolatedEnv(dir: string): NodeJS.ProcessEnv {
  const { KUBECONFIG: _theirs, XDG_STATE_HOME: _state, ...env } = process.env;
  return { ...env, HOME: join(dir, "home"), KUBECONFIG: join(dir, "kubeconfig") };
}

/** What its programs outlived, each of which is a fault of ours. */
function faultsIn(logs: string): string[] {
  try {
    const files = existsSync(logs) ? readdirSync(logs) : [];
    const lines = files.flatMap((file) => readFileSync(join(logs, file), "utf8").split("\n"));
    return lines.filter((line) => line.includes(unheardError));
  } catch (error) {
    // Whatever it is, the cluster is to be taken down first.
    return [`its logs cannot be read: ${error}`];
  }
}

/** @throws Error with what `up` said when it fails */
export async function startCluster(t: TestContext, options: ClusterOptions = {}): Promise<TestCluster> {
  const dir = await testDirectory(t);
  mkdirSync(join(dir, "home"));
  const name = freshName();
  const dataDir = options.dataDir ?? join(dir, "data");
  const env = isolatedEnv(dir);
  const paths = clusterPaths(name, dataDir);
  const kubets: TestCluster["kubets"] = ([command = "", ...rest], more = {}) =>
    run(kubetsProgram, [command, ...(command === "list" ? [] : ["--name", name]), ...rest], {
      env,
      timeoutMs: 300_000,
      ...more,
    });
  let transport: HttpsTransport | undefined;
  const log = () => {
    try {
      return readFileSync(join(paths.logs, "control-plane.log"), "utf8");
    } catch {
      return ""; // It has not started yet, or is gone.
    }
  };
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    transport?.close();
    const faults = faultsIn(paths.logs);
    const { code, stderr } = await kubets(["down", "--delete"]);
    if (code !== 0 && !stderr.includes("there is no cluster")) throw new Error(`kubets down --delete: ${stderr}`);
    if (faults.length > 0) throw new Error(`the cluster's log tells of faults:\n${faults.join("\n")}`);
  };
  cleanUp(t, stop);
  const nodes = ["--nodes", String(options.nodes ?? 0), "--simulated-nodes", String(options.simulatedNodes ?? 0)];
  const flags = ["--data-dir", dataDir, "--secure-port", "0", "--egress=false", ...nodes, ...(options.flags ?? [])];
  const up = await kubets(["up", ...flags]);
  if (up.code !== 0) throw new Error(`kubets up: ${up.stderr}${up.stdout}\nits log ends with:\n${log().slice(-3_000)}`);
  const kubeconfig = join(dir, "kubeconfig");
  transport = await transportFromKubeconfig(paths.adminConf);
  const { securePort, bindAddress } = JSON.parse(readFileSync(paths.config, "utf8")) as {
    securePort: number;
    bindAddress: string;
  };
  return {
    name,
    dir,
    dataDir,
    kubeconfig,
    server: `https://${bindAddress}:${securePort}`,
    kubectl: await kubectlFor(kubeconfig, dir, options.kubectl),
    client: createClient(transport),
    kubets,
    controlPlanePid: () => runningProgram(paths.controlPlanePid)?.pid,
    killEverything() {
      const program = runningProgram(paths.controlPlanePid);
      if (program === undefined) return;
      process.kill(program.supervisorPid, "SIGKILL");
      process.kill(program.pid, "SIGKILL");
    },
    log,
    stop,
  };
}
