/** Real time that a test may hurry on: what waits for seconds is not waited for. */

import { type Clock, realClock, sleepOn, type Timer } from "@kubets/apimachinery";

interface Waiting {
  readonly at: number;
  readonly fire: () => void;
  readonly unref: boolean;
  timer: Timer;
}

export class SkippingClock implements Clock {
  readonly #waiting = new Set<Waiting>();
  #skippedMs = 0;

  now(): number {
    return realClock.now() + this.#skippedMs;
  }

  monotonic(): number {
    return realClock.monotonic() + this.#skippedMs;
  }

  setTimeout(callback: () => void, ms: number, { unref = false }: { unref?: boolean } = {}): Timer {
    const fire = () => {
      this.#waiting.delete(waiting);
      callback();
    };
    const waiting: Waiting = {
      at: this.monotonic() + ms,
      fire,
      unref,
      timer: realClock.setTimeout(fire, ms, { unref }),
    };
    this.#waiting.add(waiting);
    return {
      cancel: () => {
        this.#waiting.delete(waiting);
        waiting.timer.cancel();
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** It is so much later at once: what falls due meanwhile comes as soon as the event loop gets to it. */
  skip(ms: number): void {
    this.#skippedMs += ms;
    const now = this.monotonic();
    for (const waiting of this.#waiting) {
      waiting.timer.cancel();
      waiting.timer = realClock.setTimeout(waiting.fire, waiting.at - now, { unref: waiting.unref });
    }
  }
}
