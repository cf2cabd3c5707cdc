/** Long work on the one thread that everyone shares, a slice at a time. */

import { nextTurn, realClock } from "./clock.ts";

/** How long others wait for a slice, in milliseconds. */
const sliceMs = 10;

/**
 * Says when to let others have their turn: `if (slice.over) await slice.end()` between pieces of work that are short each. Measures real time, whatever
 * clock its owner has: it is real others that wait.
 */
export class TimeSlice {
  #began = realClock.monotonic();

  get over(): boolean {
    return realClock.monotonic() - this.#began > sliceMs;
  }

  /** Resolves when everyone else who was waiting has had a turn. */
  async end(): Promise<void> {
    await nextTurn();
    this.#began = realClock.monotonic();
  }
}
