/** The present to the microsecond, as Go's clock gives it. */

import type { Clock } from "@kubets/apimachinery";

export class MicroClock {
  readonly #clock: Clock;
  /** What to add to the monotonic clock. */
  #offset: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** Milliseconds since the epoch, with a fraction; never more than a millisecond from the clock's own. */
  now(): number {
    const whole = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const fine = this.#offset + monotonic;
    if (fine >= whole && fine < whole + 1) return fine;
    // The fraction is only known to be at least what was seen: the offset grows to the true one, and follows when the clock is set.
    this.#offset = whole - monotonic;
    return whole;
  }
}

let lastSecond = { second: Number.NaN, text: "" };

/** metav1.MicroTime's form: `2026-01-02T03:04:05.678901Z` */
export function formatMicros(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastSecond.second) lastSecond = { second, text: new Date(second * 1000).toISOString().slice(0, 20) };
  const micros = Math.floor((epochMs - second * 1000) * 1000);
  return `${lastSecond.text}${String(micros).padStart(6, "0")}Z`;
}
