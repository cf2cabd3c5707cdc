/**
 * Memory that a start or a load has left behind goes back to the system once nothing happens: the engine keeps its young generation as large as it
 * ever was, and does not look again while nothing is allocated. For programs, started with --expose-gc: a library leaves this to its process.
 */

import { PerformanceObserver } from "node:perf_hooks";
import type { Clock, Timer } from "./clock.ts";

/** Without a collection for so long nothing much is going on. */
const quietMs = 2000;
/** Fewer collections than this leave little behind. */
const worthwhile = 8;
/** A full collection takes 50 ms of 16 MB, and in proportion. Whoever holds more is waited upon. */
const mostHeap = 64 * 1024 * 1024;

export class IdleMemory {
  readonly #clock: Clock;
  readonly #giveBack: () => void;
  #collections = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, giveBack: () => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
    // The process has just started.
    this.collected(worthwhile);
  }

  /** So many collections have taken place: something was going on. */
  collected(times: number): void {
    this.#collections += times;
    if (this.#collections < worthwhile) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimeout(() => this.#quiet(), quietMs, { unref: true });
  }

  #quiet(): void {
    this.#timer = undefined;
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
