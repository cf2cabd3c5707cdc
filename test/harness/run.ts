/** Running a program to its end, or beside the test. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { eventually } from "./eventually.ts";

export interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly cwd?: string;
  /** Killed after this; three minutes when left out. */
  readonly timeoutMs?: number;
}

export interface Result {
  /** 128 and more when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program; a failure is a result too. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const running = start(file, args, options);
  running.child.stdin.end(options.input ?? "");
  const timer = setTimeout(() => running.child.kill("SIGKILL"), options.timeoutMs ?? 180_000);
  return running.ended.finally(() => clearTimeout(timer));
}

/** The same, and what it printed. @throws Error when it fails */
export async function output(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(" ")}: exit code ${code}: ${stderr || stdout}`);
  return stdout;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Result>;
  /** Waits until its output (standard output, then error) has a match. */
  saying(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  /** Ends it and waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<Result>;
}

/** Starts a program that goes on beside the test; whoever starts it stops it. */
export function start(file: string, args: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(file, args, { cwd: options.cwd, env: options.env ?? process.env, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // A program may end without reading what it is given.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<Result>((resolve) => {
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: `${stderr}${error.message}` }));
    child.on("close", (code) => resolve({ code: code ?? 137, stdout, stderr }));
  });
  return {
    child,
    ended,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    saying: (pattern, withinMs = 60_000) =>
      eventually(() => `${stdout}\n${stderr}`.match(pattern) ?? undefined, {
        withinMs,
        what: `${file} ${args.join(" ")} saying ${pattern}; it said ${JSON.stringify(stdout.slice(-500) + stderr.slice(-500))}; that`,
      }),
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
