/**
 * Seats that are held for a while after their requests were answered, for those who watch what was written. Whoever looks releases what is over; a
 * timer is only needed where someone waits for it.
 */

import type { Clock, Timer } from "@kubets/apimachinery";
import type { Ticket } from "./ticket.ts";

export class Lingering {
  readonly #clock: Clock;
  readonly #tickets = new Set<Ticket>();
  #first = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the first of them is to be released: milliseconds of the monotonic clock; infinite when there is none. */
  get first(): number {
    return this.#first;
  }

  /** @param until milliseconds of the monotonic clock */
  add(ticket: Ticket, until: number): void {
    ticket.lingersUntil = until;
    this.#first = Math.min(this.#first, until);
    this.#tickets.add(ticket);
  }

  /** Gives those to `release` whose time is {@link first}. */
  releaseFirst(release: (ticket: Ticket) => void): void {
    let next = Number.POSITIVE_INFINITY;
    for (const ticket of this.#tickets) {
      if (ticket.lingersUntil > this.#first) {
        next = Math.min(next, ticket.lingersUntil);
        continue;
      }
      this.#tickets.delete(ticket);
      release(ticket);
    }
    this.#first = next;
  }

  /** Someone waits for their seats. @param look called once, when the first of them is over */
  expect(look: () => void): void {
    if (this.#timer !== undefined || this.#tickets.size === 0) return;
    const left = Math.max(0, Math.ceil(this.#first - this.#clock.monotonic()));
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      look();
    }, left);
  }
}
