/** One `up` or `down` at a time per cluster. The lock dies with its holder. */

import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
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
    // Gone with its directory, it may be another's by now.
    if (namedIn(file) === process.pid) giveBack(file);
  }
}

/** With its holder's name in it from its first moment: an empty one would be taken for a dead one's. */
function tryTake(file: string): boolean {
  const own = `${file}.${process.pid}`;
  // Who held it before may have deleted the cluster.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(own, `${process.pid} ${startOf(process.pid)}\n`, { mode: 0o600 });
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    giveBack(own);
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
  const holder = namedIn(file);
  if (holder === "dead") takeAway(file);
  return typeof holder === "number" ? holder : undefined;
}

/** Who named the holder dead may be late: a lock that another has taken since then is put back. */
function takeAway(file: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (namedIn(aside) !== "dead") linkSync(aside, file);
  } catch (error) {
    // Another has taken it away, or taken it already.
    if (!["ENOENT", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    giveBack(aside);
  }
}

function namedIn(file: string): number | "dead" | "nobody" {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return "nobody"; // Just given back.
  }
  const [first, start] = text.trim().split(" ");
  const pid = Number(first);
  // The same number with another start is another process.
  return pid && startOf(pid) === start ? pid : "dead";
}

/** When a process began, in ticks since boot: with its number, a name that is never used twice. A dead one that nobody has taken note of is gone. */
export function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? "gone" : (fields[18] ?? "");
  } catch {
    return "gone";
  }
}
