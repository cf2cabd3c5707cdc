/**
 * Memory that a start or a load has left behind goes back to the system once nothing happens: the engine keeps its young generation as large as it
 * ever was, and does not look again while nothing is allocated. For programs, started with --expose-gc: a library leaves this to its process.
 */

import { PerformanceObserver } from "node:perf_hooks";
import type { Clock } from "./clock.ts";

/** How long nothing much must have gone on after a start. */
const startedMs = 2000;
/** And after a load: the next burst finds the engine's code as it was, and a full collection throws much of that away. */
const quietMs = 60_000;
/** So many collections meanwhile are nothing much: what runs by itself allocates too. */
const few = 2;
/** Fewer collections than this leave little behind. */
const worthwhile = 8;
/** A full collection takes 50 ms of 16 MB, and in proportion. Whoever holds more is waited upon. */
const mostHeap = 64 * 1024 * 1024;

export class IdleMemory {
  readonly #clock: Clock;
  readonly #giveBack: () => void;
  /** Since memory was given back. */
  #collections = 0;
  #isWaiting = false;

  /** To be made when the process starts. */
  constructor(clock: Clock, giveBack: () => void) {
    this.#clock = clock;
    this.#giveBack = giveBack;
    this.#wait(startedMs);
  }

  /** So many collections have taken place: something was going on. */
  collected(times: number): void {
    this.#collections += times;
    if (!this.#isWaiting && this.#collections >= worthwhile) this.#wait(quietMs);
  }

  #wait(ms: number): void {
    this.#isWaiting = true;
    const before = this.#collections;
    const look = () => {
      if (this.#collections - before > few) return this.#wait(ms);
      this.#isWaiting = false;
      this.#collections = 0;
      this.#giveBack();
    };
    this.#clock.setTimeout(look, ms, { unref: true });
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
