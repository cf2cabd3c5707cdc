/** The cluster's background programs: each is kept running by `scripts/supervise`, outlives the CLI, and is found again by its process id file. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import { type Clock, realClock } from "@kubets/apimachinery";

export interface ProgramSpec {
  /** Holds the supervisor's and the program's process ids. */
  readonly pidFile: string;
  readonly logFile: string;
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface RunningProgram {
  readonly supervisorPid: number;
  readonly pid: number;
  /** It was told to end, and has not ended yet. */
  readonly isStopping: boolean;
}

const programName = "/cmd/kubets/main.ts";
const supervisor = new URL("../../../scripts/supervise", import.meta.url).pathname;

/**
 * Starts the program under its supervisor. Resolves with the one line of JSON that the program says by `sayReady`.
 * @throws Error with the end of the program's log when it ended before it was ready
 */
export async function startProgram(spec: ProgramSpec, signal?: AbortSignal, graceMs = 15_000): Promise<string> {
  signal?.throwIfAborted();
  mkdirSync(dirname(spec.pidFile), { recursive: true, mode: 0o755 });
  mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o755 });
  const log = openSync(spec.logFile, "a", 0o640);
  const { size: saidBefore } = fstatSync(log);
  const child: ChildProcess = spawn(supervisor, [spec.pidFile, spec.logFile, ...spec.command], {
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: { ...process.env, ...spec.env, KUBETS_READY_FD: "3" },
  });
  const ready = child.stdio[3] as Socket;
  let text = "";
  const told = Promise.withResolvers<void>();
  const abort = () => told.resolve();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    ready.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) told.resolve();
    });
    ready.on("end", told.resolve);
    ready.on("error", told.reject);
    child.on("error", told.reject);
    await told.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
    ready.destroy();
    child.unref();
    closeSync(log);
  }
  if (!signal?.aborted && text.trim() !== "") return text.trim();
  // It died without a word on the pipe: do not let the supervisor try for ever what failed at once. What is started next finds it gone.
  if (child.pid !== undefined) await endSupervisor(child.pid, spec.pidFile, graceMs, realClock);
  signal?.throwIfAborted();
  throw new Error(lastError(spec.logFile, saidBefore));
}

/** In the program: tells whoever started it that it does its work now. Later starts have nobody to tell. */
export function sayReady(about: object): void {
  const descriptor = Number(process.env["KUBETS_READY_FD"] ?? "");
  delete process.env["KUBETS_READY_FD"];
  if (!descriptor) return;
  try {
    writeSync(descriptor, `${JSON.stringify(about)}\n`);
    closeSync(descriptor);
  } catch {
    // Whoever started us has gone: being ready matters all the same.
  }
}

/**
 * The last thing an ended program said, for a person.
 * @param from what an earlier run said is before this byte; a shorter log was begun anew
 */
function lastError(logFile: string, from: number): string {
  const log = readFileSync(logFile);
  const said = log.subarray(from <= log.length ? from : 0).toString();
  const lines = said.trimEnd().split("\n").slice(-20);
  for (const line of [...lines].reverse()) {
    try {
      const entry = JSON.parse(line) as { level?: string; msg?: string; err?: { message?: string } };
      if (entry.level === "error" || entry.level === "fatal") return entry.err?.message ?? entry.msg ?? line;
    } catch {
      // Not one of our log lines: a stack trace, or a tool's own words.
    }
  }
  return `the program ended at once; the end of ${logFile}:\n${lines.slice(-5).join("\n")}`;
}

/**
 * Whether the program runs and need not be started. One that died and that its supervisor lets rest a while is stopped altogether, for its
 * caller to start at once; so is one that was told to end already.
 */
export async function findProgram(pidFile: string, words: readonly string[]): Promise<boolean> {
  const program = runningProgram(pidFile);
  if (program !== undefined && !program.isStopping && send(program.pid, 0)) return true;
  await stopProgram(pidFile);
  await endOrphan(pidFile, words);
  return false;
}

/** The program, if it runs; a process that has merely inherited the number is not taken for it. */
export function runningProgram(pidFile: string): RunningProgram | undefined {
  const program = programOf(pidFile);
  return program !== undefined && commandLine(program.supervisorPid)?.includes(pidFile) ? program : undefined;
}

/** What the file says, whatever has become of it. */
function programOf(pidFile: string): RunningProgram | undefined {
  let text: string;
  try {
    text = readFileSync(pidFile, "utf8");
  } catch {
    return undefined;
  }
  const [first, second, third] = text.trim().split("\n");
  const [supervisorPid, pid] = [Number(first), Number(second)];
  return supervisorPid && pid ? { supervisorPid, pid, isStopping: third !== undefined } : undefined;
}

function commandLine(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return undefined; // No such process.
  }
}

/**
 * Ends what runs though its process id file does not say so: a program whose supervisor was killed, or both when the file was lost.
 * They are known by their command line, which ends with these words.
 */
export async function endOrphan(pidFile: string, ending: readonly string[], clock: Clock = realClock): Promise<void> {
  const found = readdirSync("/proc").flatMap((entry) => {
    const words = /^\d+$/.test(entry) ? commandLine(Number(entry)) : undefined;
    return words !== undefined && isOurs(words, ending) ? [{ pid: Number(entry), words }] : [];
  });
  // Supervisors first: they would start their program again.
  const [supervisors, programs] = [found.filter(isSupervisor), found.filter((each) => !isSupervisor(each))];
  for (const { pid } of [...supervisors, ...programs]) await endProcess(pid, 15_000, clock);
  rmSync(pidFile, { force: true });
}

function isOurs(words: readonly string[], ending: readonly string[]): boolean {
  const last = words.slice(0, -1).slice(-ending.length);
  return words.some((word) => word.endsWith(programName)) && ending.every((word, i) => word === last[i]);
}

function isSupervisor({ words }: { readonly words: readonly string[] }): boolean {
  return words.slice(0, 2).some((word) => word.endsWith("/scripts/supervise"));
}

/** Stops the supervisor and its program: SIGTERM, then after `graceMs` SIGKILL. */
export async function stopProgram(pidFile: string, graceMs = 15_000, clock: Clock = realClock): Promise<boolean> {
  const program = runningProgram(pidFile);
  if (program === undefined) return false;
  await endSupervisor(program.supervisorPid, pidFile, graceMs, clock);
  return true;
}

/** In order, its program ends first and the file goes. If it had to be killed, both are left: the program's number is the present one then. */
async function endSupervisor(supervisorPid: number, pidFile: string, graceMs: number, clock: Clock): Promise<void> {
  await endProcess(supervisorPid, graceMs, clock);
  const left = programOf(pidFile);
  if (left?.supervisorPid !== supervisorPid) return;
  await endProcess(left.pid, 0, clock);
  rmSync(pidFile, { force: true });
}

async function endProcess(pid: number, graceMs: number, clock: Clock): Promise<void> {
  if (!send(pid, "SIGTERM")) return;
  const deadline = clock.monotonic() + graceMs;
  while (clock.monotonic() < deadline) {
    if (!send(pid, 0)) return;
    await clock.sleep(20);
  }
  send(pid, "SIGKILL");
  while (send(pid, 0)) await clock.sleep(10);
}

/** False when there is no such process. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
  return !isZombie(pid);
}

/** A dead process whose parent has not asked for its end yet does not count as running. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
