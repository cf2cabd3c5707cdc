/** Processes that somebody else started: pinned to a core, and what they use of it. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What has a processor's time. */
export interface Measured {
  readonly cpuSeconds: number;
}

const ticksPerSecond = 100;

/** User and system time of all threads of a process. */
export function cpuSecondsOf(pid: number | string): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // After the name, which may have spaces: they are the 14th and 15th field.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export class Processes implements Measured {
  readonly #pids: readonly string[];

  constructor(pids: readonly string[], core: number) {
    this.#pids = pids;
    for (const pid of pids) execFileSync("taskset", ["-a", "-cp", String(core), pid], { stdio: "ignore" });
  }

  /** Of all of them. */
  get cpuSeconds(): number {
    return this.#pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  }
}
