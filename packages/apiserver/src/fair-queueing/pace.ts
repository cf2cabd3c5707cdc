/**
 * One event loop does all the work, in the order in which sockets are read: without more, whoever sends most is served most, however seats are shared
 * out, and everyone else waits behind that. So a turn of the loop begins only so much; the rest waits in its queues, as for seats, and goes on in the
 * next turn, after what has come in meanwhile. Upstream has threads for this.
 */

import type { Clock } from "@kubets/apimachinery";

/** What a turn is to take at most: who is alone in a queue waits about so long for its seat. */
const turnMs = 20;
const most = 256;
/** How much of the last turn goes into what a request is believed to cost. */
const learning = 0.2;

/** Who has waiting requests, and seats for them, when the turn is over. */
export interface Paced {
  readonly limit: number;
  /** Begins up to so many. */
  resume(count: number): void;
}

export class Pace {
  readonly #clock: Clock;
  readonly #behind = new Set<Paced>();
  #isOpen = false;
  #began = 0;
  #started = 0;
  #costMs = 0.2;
  #allowed = Math.floor(turnMs / this.#costMs);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This turn has begun as much as it should. @param now milliseconds of the monotonic clock */
  isSpent(now: number): boolean {
    return this.#isOpen && (this.#started >= this.#allowed || now - this.#began >= turnMs);
  }

  /** A request begins. */
  started(now: number): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#began = now;
      this.#started = 0;
      setImmediate(this.#end);
    }
    this.#started++;
  }

  /** Has to wait for the next turn. Only while this one is {@link isSpent}. */
  postpone(paced: Paced): void {
    this.#behind.add(paced);
  }

  readonly #end = (): void => {
    this.#isOpen = false;
    const cost = (this.#clock.monotonic() - this.#began) / this.#started;
    this.#costMs += learning * (Math.min(cost, turnMs) - this.#costMs);
    this.#allowed = Math.min(most, Math.max(1, Math.floor(turnMs / this.#costMs)));
    if (this.#behind.size > 0) this.#resume();
  };

  /** In proportion to their seats. Whoever has more to do says so again. */
  #resume(): void {
    const behind = [...this.#behind];
    this.#behind.clear();
    const seats = behind.reduce((sum, { limit }) => sum + limit, 0);
    for (const paced of behind)
      paced.resume(Math.max(1, Math.floor((this.#allowed * paced.limit) / Math.max(1, seats))));
  }
}
