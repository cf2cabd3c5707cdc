/** Processes that somebody else started: pinned to a core, and what they use of it. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What has a processor's time. */
export interface Measured {
  readonly cpuSeconds: number;
}

const ticksPerSecond = 100;

export class Processes implements Measured {
  readonly #pids: readonly string[];

  constructor(pids: readonly string[], core: number) {
    this.#pids = pids;
    for (const pid of pids) execFileSync("taskset", ["-a", "-cp", String(core), pid], { stdio: "ignore" });
  }

  /** Of all of them. */
  get cpuSeconds(): number {
    let ticks = 0;
    for (const pid of this.#pids) {
      // After the name, which may have spaces: user and system time are the 14th and 15th field.
      const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
        .replace(/^.*\) /s, "")
        .split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks / ticksPerSecond;
  }
}
