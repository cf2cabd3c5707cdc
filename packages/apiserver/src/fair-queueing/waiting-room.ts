/** Those who wait for a seat: each is called when there is one, gone when its client is, or late when it has waited as long as it may. */

import type { Clock, StatusError } from "@kubets/apimachinery";
import type { Comer } from "./flow.ts";
import type { Pace, Paced } from "./pace.ts";
import { Patience } from "./patience.ts";
import type { Ticket } from "./ticket.ts";

export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly pace: Pace | undefined;
  /** Whose room it is. */
  readonly level: Paced;
  /** How long someone may wait. */
  readonly waitLimitMs: (comer: Comer) => number;
  /** Takes one out that waits no longer. @returns what it is refused with, if it is still there */
  readonly abandon: (ticket: Ticket) => StatusError;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #patience: Patience<Ticket>;
  /** They wait without regard to their clients and the time. */
  readonly #untilNextTurn: { readonly ticket: Ticket; watch(): void }[] = [];

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    this.#patience = new Patience(options.clock, (ticket) => ticket.late?.(options.abandon(ticket)));
  }

  /** @param now milliseconds of the monotonic clock. The promise rejects with StatusError 429, or with the signal's reason */
  wait(ticket: Ticket, comer: Comer, now: number): Promise<Ticket> {
    const { pace, level, abandon, waitLimitMs } = this.#options;
    return new Promise((resolve, reject) => {
      let signal: AbortSignal | undefined;
      const settle = (outcome: () => void) => {
        signal?.removeEventListener("abort", gone);
        outcome();
      };
      const gone = () => {
        abandon(ticket);
        settle(() => reject(signal?.reason));
      };
      const watch = () => {
        signal = comer.request.signal;
        if (signal.aborted) return gone();
        signal.addEventListener("abort", gone, { once: true });
        if (!comer.patient) this.#patience.add(ticket, ticket.arrivedAt + waitLimitMs(comer));
      };
      ticket.called = () => settle(() => resolve(ticket));
      ticket.late = (error) => settle(() => reject(error));
      if (pace === undefined) return watch();
      // In a burst most go on before the next turn, or in it: a signal and a time-out for each would cost more than the wait.
      this.#untilNextTurn.push({ ticket, watch });
      pace.arrived(level, now);
    });
  }

  /** It waits no longer. */
  delete(ticket: Ticket): void {
    this.#patience.delete(ticket);
  }

  /** Those who came in the last turn and still wait are now seen to. */
  nextTurn(): void {
    for (const { ticket, watch } of this.#untilNextTurn.splice(0)) if (!ticket.started) watch();
  }
}
