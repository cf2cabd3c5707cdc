/** Running other programs to their end. */

import { spawn } from "node:child_process";

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are no failure; 0 alone when left out. */
  readonly okCodes?: readonly number[];
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stdoutBytes: Buffer;
  readonly stderr: string;
}

/** A program that ended badly: what was run, how it ended, and what it said. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly command: string;
  readonly code: number | undefined;
  readonly stderr: string;

  constructor(command: string, code: number | undefined, stderr: string, cause?: unknown) {
    const end = code === undefined ? "could not run" : `exited with code ${code}`;
    super(`${command}: ${end}${stderr.trim() ? `: ${stderr.trim()}` : ""}`, { cause });
    this.command = command;
    this.code = code;
    this.stderr = stderr;
  }
}

/** Runs `file` and waits for its end. Messages are in English whatever the user's locale. @throws CommandError, or the signal's reason */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const command = [file, ...args].join(" ");
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...(options.env ?? process.env), LC_ALL: "C" },
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      ...(options.signal && { signal: options.signal }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    // A program that ends without reading its input is judged by its exit code.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);
    child.on("error", (error) => {
      // Given up, it was told to end; its end follows, and not before that may another do the same.
      if (options.signal?.aborted && child.pid !== undefined) return;
      reject(new CommandError(command, undefined, error.message, error));
    });
    child.on("exit", () => options.signal?.aborted && reject(options.signal.reason));
    child.on("close", (code, signalName) => {
      const stdoutBytes = Buffer.concat(out);
      const stderr = Buffer.concat(err).toString();
      if (code === null) return reject(new CommandError(command, undefined, `ended by ${signalName}: ${stderr}`));
      if (!(options.okCodes ?? [0]).includes(code))
        return reject(new CommandError(command, code, stderr || stdoutBytes.toString()));
      resolve({ code, stdout: stdoutBytes.toString(), stdoutBytes, stderr });
    });
  });
}
