/**
 * How long `kubets up` takes: until the API answers, and until the node is ready; then what an idle cluster costs.
 * The ratio is against what any Node program pays for an HTTPS server: a bare one is started beside it in the same run.
 */

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { flagsOf } from "./lib/program.ts";

const about =
  "How long `kubets up` takes until the API answers and until the nodes are ready, and what an idle cluster costs.";
const flags = flagsOf("startup.ts", about, {
  runs: { type: "number", help: "clusters to start, one after the other", default: 5 },
  nodes: { type: "number", help: "nodes of each", default: 1 },
  "idle-seconds": { type: "number", help: "how long the last one is watched doing nothing", default: 20 },
  output: { type: "string", short: "o", value: "json", help: "print JSON, on one line" },
});
const { runs } = flags;
const kubets = new URL("../kubets", import.meta.url).pathname;

interface Run {
  /** From the start of `up` until the API server listened. */
  readonly apiMs: number;
  /** Until `up` returned: all nodes ready. */
  readonly readyMs: number;
}

interface Idle {
  /** Proportional set size: shared pages counted once. */
  readonly pssMB: number;
  readonly rssMB: number;
  readonly cpuPercent: number;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
}

class Trial {
  readonly #name = `bench-${process.pid}`;
  readonly #home = mkdtempSync(join(tmpdir(), "kubets-bench-"));
  readonly #env = { ...process.env, KUBECONFIG: join(this.#home, "kubeconfig") };

  up(): Run {
    const started = Date.now();
    const args = [
      "up",
      "--quiet",
      "--name",
      this.#name,
      "--data-dir",
      join(this.#home, "data"),
      "--secure-port",
      "0",
      "--egress=false",
    ];
    execFileSync(kubets, [...args, "--nodes", String(flags.nodes)], {
      env: this.#env,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const readyMs = Date.now() - started;
    const log = readFileSync(join(this.#home, "data/logs/control-plane.log"), "utf8").trim().split("\n");
    const answers = log
      .map((line) => JSON.parse(line) as { msg: string; time: string })
      .findLast((l) => l.msg === "The API server answers");
    return { apiMs: Date.parse(answers?.time ?? "") - started, readyMs };
  }

  /** What the control plane and the agents cost while nothing happens. */
  async idle(seconds: number): Promise<Idle> {
    const pids = this.#pids();
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const before = cpuTicks(pids);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const ticks = cpuTicks(pids) - before;
    return {
      pssMB: Math.round(pids.reduce((sum, pid) => sum + kb(`/proc/${pid}/smaps_rollup`, "Pss"), 0) / 1024),
      rssMB: Math.round(pids.reduce((sum, pid) => sum + kb(`/proc/${pid}/status`, "VmRSS"), 0) / 1024),
      cpuPercent: Number(((ticks / 100 / seconds) * 100).toFixed(2)),
    };
  }

  #pids(): number[] {
    const status = JSON.parse(
      execFileSync(kubets, ["status", "--name", this.#name, "-o", "json"], { env: this.#env, encoding: "utf8" }),
    ) as {
      programs: { name: string; pid?: number }[];
    };
    return status.programs.flatMap((p) => (p.pid === undefined || p.name.startsWith("containerd") ? [] : [p.pid]));
  }

  /** @param keep leaves the data, for the next `up` to go on from */
  down({ keep }: { readonly keep: boolean }): void {
    const args = ["down", ...(keep ? [] : ["--delete"]), "--name", this.#name];
    execFileSync(kubets, args, { env: this.#env, stdio: "ignore" });
  }

  [Symbol.dispose](): void {
    try {
      this.down({ keep: false });
    } catch {
      // It was down already.
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function cpuTicks(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
}

function kb(file: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(file, "utf8"))?.[1] ?? 0);
}

/** A Node program with an HTTPS server and nothing else, from its start until it listens. */
function bareMs(): Promise<number> {
  const program = `require("node:https").createServer({}).listen(0, "127.0.0.1", () => { console.log("up"); process.exit(); })`;
  const started = Date.now();
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve) => child.stdout.once("data", () => resolve(Date.now() - started)));
}

const bares: number[] = [];
for (let i = 0; i < 5; i++) bares.push(await bareMs());
const bare = median(bares);
const measured: Run[] = [];
/** With the certificates and the data of the first start. */
const later: Run[] = [];
let again: Run | undefined;
let idle: Idle | undefined;
for (let i = 0; i < runs; i++) {
  using trial = new Trial();
  measured.push(trial.up());
  trial.down({ keep: true });
  later.push(trial.up());
  if (i < runs - 1) continue;
  again = trial.up(); // Found running.
  idle = await trial.idle(flags["idle-seconds"]);
}
const result = {
  nodes: flags.nodes,
  runs,
  bareHttpsServerMs: bare,
  apiMs: median(measured.map((r) => r.apiMs)),
  apiBestMs: Math.min(...measured.map((r) => r.apiMs)),
  apiWorstMs: Math.max(...measured.map((r) => r.apiMs)),
  readyMs: median(measured.map((r) => r.readyMs)),
  readyBestMs: Math.min(...measured.map((r) => r.readyMs)),
  readyWorstMs: Math.max(...measured.map((r) => r.readyMs)),
  laterApiMs: median(later.map((r) => r.apiMs)),
  laterApiBestMs: Math.min(...later.map((r) => r.apiMs)),
  laterReadyMs: median(later.map((r) => r.readyMs)),
  laterReadyBestMs: Math.min(...later.map((r) => r.readyMs)),
  foundRunningMs: again?.readyMs,
  apiToBareRatio: Number((median(measured.map((r) => r.apiMs)) / bare).toFixed(1)),
  idle,
};
if (flags.output === "json") console.log(JSON.stringify(result));
else console.table({ ...result, idle: JSON.stringify(idle) });
