/** Processes on this machine, found by what they are and not by a number that may have been given to another. */

import { readdir, readFile, readlink } from "node:fs/promises";
import { type Clock, realClock } from "@kubets/apimachinery";

export interface ProcessInfo {
  readonly pid: number;
  readonly argv: readonly string[];
  /** `net:[4026531833]`: which network namespace it is in. */
  readonly netns: string;
}

/** Every process that can be looked at, this one excepted. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found = await Promise.all(pids.map(readProcess));
  return found.filter((info) => info !== undefined);
}

async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const [cmdline, netns] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, "utf8"),
      readlink(`/proc/${pid}/ns/net`),
    ]);
    return { pid, argv: cmdline.split("\0").slice(0, -1), netns };
  } catch {
    // It ended while being looked at, or it is a zombie or another user's.
    return undefined;
  }
}

/** Whether the process still runs; a zombie does not. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The state follows the name, which is in parentheses and may hold any character.
    return !["Z", "X"].includes(stat[stat.lastIndexOf(")") + 2] ?? "X");
  } catch {
    return false;
  }
}

export interface EndOptions {
  /** How long SIGTERM has before SIGKILL; 0 sends SIGKILL at once. */
  readonly graceMs: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** Ends the processes and waits until they have ended. @throws Error when one does not even obey SIGKILL within ten seconds */
export async function endProcesses(pids: readonly number[], options: EndOptions): Promise<void> {
  const clock = options.clock ?? realClock;
  if (options.graceMs > 0) {
    send(pids, "SIGTERM");
    if (await allEnded(pids, options.graceMs, clock, options.signal)) return;
  }
  const left = (await Promise.all(pids.map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))).flat();
  send(left, "SIGKILL");
  if (!(await allEnded(left, 10_000, clock, options.signal)))
    throw new Error(`processes ${left.join(", ")} do not end`);
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function allEnded(
  pids: readonly number[],
  withinMs: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let waitedMs = 0, pauseMs = 2; ; waitedMs += pauseMs, pauseMs = Math.min(pauseMs * 2, 50)) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) return true;
    if (waitedMs >= withinMs) return false;
    await clock.sleep(pauseMs, signal);
  }
}
