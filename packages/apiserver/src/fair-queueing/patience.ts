/** Until when those who wait will wait: one timer for all of them. */

import type { Clock, Timer } from "@kubets/apimachinery";

export class Patience<T> {
  readonly #clock: Clock;
  readonly #onLate: (who: T) => void;
  readonly #deadlines = new Map<T, number>();
  #timer: Timer | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;

  /** @param onLate called once for each whose time has come */
  constructor(clock: Clock, onLate: (who: T) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  /** @param deadline milliseconds of the monotonic clock */
  add(who: T, deadline: number): void {
    this.#deadlines.set(who, deadline);
    if (deadline < this.#wakesAt) this.#wakeAt(deadline);
  }

  delete(who: T): void {
    if (this.#deadlines.delete(who) && this.#deadlines.size === 0) this.#wakeAt(Number.POSITIVE_INFINITY);
  }

  #wakeAt(time: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakesAt = time;
    if (time === Number.POSITIVE_INFINITY) return;
    const left = Math.max(0, Math.ceil(time - this.#clock.monotonic()));
    this.#timer = this.#clock.setTimeout(() => this.#wake(), left, { unref: true });
  }

  #wake(): void {
    const now = this.#clock.monotonic();
    const late = [...this.#deadlines].filter(([, deadline]) => deadline <= now);
    for (const [who] of late) if (this.#deadlines.delete(who)) this.#onLate(who);
    let first = Number.POSITIVE_INFINITY;
    for (const deadline of this.#deadlines.values()) first = Math.min(first, deadline);
    this.#wakeAt(first);
  }
}
