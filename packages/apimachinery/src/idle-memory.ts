/**
 * Memory that a start or a load has left behind goes back to the system once nothing happens: the engine keeps its young generation as large as it
 * ever was, and does not look again while nothing is allocated. For programs, started with --expose-gc: a library leaves this to its process.
 */

import { PerformanceObserver } from "node:perf_hooks";
import type { Clock, Timer } from "./clock.ts";

/** Without a collection for so long a start is over. */
const startedMs = 2000;
/** And a load: the next burst finds the engine's code as it was, and a full collection throws much of that away. */
const quietMs = 60_000;
/** Fewer collections than this leave little behind. */
const worthwhile = 8;
/** A full collection takes 50 ms of 16 MB, and in proportion. Whoever holds more is waited upon. */
const mostHeap = 64 * 1024 * 1024;

export class IdleMemory {
  readonly #clock: Clock;
  readonly #giveBack: () => void;
  #hasStarted = false;
  #collections = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, giveBack: () => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
    this.#wait(startedMs);
  }

  /** So many collections have taken place: something was going on. */
  collected(times: number): void {
    this.#collections += times;
    if (!this.#hasStarted) this.#wait(startedMs);
    else if (this.#collections >= worthwhile) this.#wait(quietMs);
  }

  #wait(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(() => this.#quiet(), ms, { unref: true });
  }

  #quiet(): void {
    this.#hasStarted = true;
    this.#collections = 0;
    this.#giveBack();
  }
}

/** From now on, until the process ends. Does nothing in a process that was started without --expose-gc. */
export function giveMemoryBackWhenIdle(clock: Clock): void {
  const { gc } = globalThis;
  if (gc === undefined) return;
  const memory = new IdleMemory(clock, () => {
    if (process.memoryUsage().heapUsed <= mostHeap) gc({ type: "major", execution: "sync", flavor: "last-resort" });
  });
  new PerformanceObserver((entries) => memory.collected(entries.getEntries().length)).observe({ entryTypes: ["gc"] });
}
