/** A server in a process of its own, held to one core, and what it has used. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { cpuSecondsOf } from "./processes.ts";

const node = new URL("../../scripts/node", import.meta.url).pathname;

export interface MemoryUse {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

export class ServerProcess {
  readonly port: number;
  /** From the start of the process until it was ready. */
  readonly readyMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, readyMs: number) {
    this.#child = child;
    this.port = port;
    this.readyMs = readyMs;
  }

  /** @param core the one it may run on; any when undefined */
  static async start(
    script: string,
    directory: string,
    core: number | undefined,
    nodeFlags: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ) {
    const file = new URL(script, import.meta.url).pathname;
    const started = performance.now();
    // The benchmark itself is held to one core, which a child would inherit.
    const cores = core === undefined ? `0-${cpus().length - 1}` : String(core);
    const child = spawn("taskset", ["-c", cores, node, ...nodeFlags, file, directory], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: { ...process.env, ...environment },
    });
    const lines = createInterface({ input: child.stdout! });
    const [line] = (await Promise.race([
      once(lines, "line"),
      once(child, "exit").then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
    ])) as [string];
    const { port } = JSON.parse(line) as { port: number };
    return new ServerProcess(child, port, performance.now() - started);
  }

  /** User and system time of all its threads, in seconds. */
  get cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid!);
  }

  get rssMB(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** After a full collection, when started with --expose-gc. */
  async memory(): Promise<MemoryUse> {
    this.#child.send("memory");
    return (await once(this.#child, "message"))[0] as MemoryUse;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}
