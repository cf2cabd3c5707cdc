/**
 * One event loop does all the work, in the order in which sockets are read: without more, whoever sends most is served most, however seats are shared
 * out, and everyone else waits behind that. So a turn of the loop begins only so much; the rest waits in its queues, as for seats, and goes on in the
 * next turn, after what has come in meanwhile. Upstream has threads for this.
 */

import { type Clock, nextTurn } from "@kubets/apimachinery";

/** What a turn is to take at most: who is alone in a queue waits about so long for its seat. */
const turnMs = 20;
const most = 256;
/** How much of the last turn goes into what a request is believed to cost. Less where it took longer: it may not have been the requests. */
const learning = { cheaper: 0.3, dearer: 0.1 };
/** What a request costs that only came, compared to one that ran. */
const arrival = 0.5;

/** After one that was longer the next is measured by the thread's own processor time, which is a system call. */
const longTurnMs = 5;

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Who has waiting requests when the turn is over. */
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
  #arrived = 0;
  #cpuBegan: number | undefined;
  #wasLong = false;
  #costMs = 0.2;
  #allowed = Math.floor(turnMs / this.#costMs);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** This turn has begun as much as it should. @param now milliseconds of the monotonic clock */
  isSpent(now: number): boolean {
    if (!this.#isOpen) return false;
    return this.#started >= this.#allowed || (now - this.#began >= turnMs && this.#elapsed(now) >= turnMs);
  }

  /** A request begins. */
  started(now: number): void {
    this.#open(now);
    this.#started++;
  }

  /** A request came, and waits: is to be looked at again in the next turn. */
  arrived(paced: Paced, now: number): void {
    this.#open(now);
    this.#arrived++;
    this.#behind.add(paced);
  }

  /** Has to wait for the next turn. Only while this one is {@link isSpent}. */
  postpone(paced: Paced): void {
    this.#behind.add(paced);
  }

  #open(now: number): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#began = now;
    this.#cpuBegan = this.#wasLong ? cpuMs() : undefined;
    this.#started = 0;
    void nextTurn().then(this.#end);
  }

  /** Of this turn, without what other processes took of it, where that matters. */
  #elapsed(now: number): number {
    const ms = now - this.#began;
    return this.#cpuBegan === undefined ? ms : Math.min(ms, cpuMs() - this.#cpuBegan);
  }

  readonly #end = (): void => {
    this.#isOpen = false;
    const elapsed = this.#elapsed(this.#clock.monotonic());
    this.#wasLong = elapsed > longTurnMs;
    const cost = elapsed / (this.#started + arrival * this.#arrived);
    const { cheaper, dearer } = learning;
    this.#costMs += (cost < this.#costMs ? cheaper : dearer) * (Math.min(cost, turnMs) - this.#costMs);
    this.#arrived = 0;
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
