/** One `up` or `down` at a time per cluster. The lock dies with its holder. */

import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, realClock } from "@kubets/apimachinery";

const waitMs = 60_000;

/**
 * Runs `work` while holding the lock; waits up to a minute for another holder.
 * @throws Error that names the process which holds it
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: { signal?: AbortSignal; clock?: Clock; onWait?: (holder: number) => void } = {},
): Promise<T> {
  const clock = options.clock ?? realClock;
  const deadline = clock.monotonic() + waitMs;
  let told = false;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  while (!tryTake(file)) {
    const holder = holderOf(file);
    if (holder === undefined) continue; // It was given back, or its holder died: try again at once.
    if (clock.monotonic() > deadline)
      throw new Error(`another kubets command (process ${holder}) is working on this cluster; wait for it, or end it`);
    if (!told) options.onWait?.(holder);
    told = true;
    await clock.sleep(100, options.signal);
  }
  try {
    return await work();
  } finally {
    giveBack(file);
  }
}

function tryTake(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    giveBack(file); // Made and not filled, on a full disk.
    throw error;
  }
}

/** Not by rmSync, whose errors do not say by their code that the disk is read-only. */
function giveBack(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** The living process that holds the lock; a dead one's lock is taken away. */
function holderOf(file: string): number | undefined {
  let pid: number;
  let start: string | undefined;
  try {
    const [first, second] = readFileSync(file, "utf8").trim().split(" ");
    pid = Number(first);
    start = second;
  } catch {
    return undefined; // Just given back.
  }
  // The same number with another start is another process.
  if (pid && startOf(pid) === start) return pid;
  giveBack(file);
  return undefined;
}

/** When a process began, in ticks since boot: with its number, a name that is never used twice. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "gone";
  }
}
