/** The newest events, bounded in number and bytes, in the order of their revisions. One revision may have several events. */

import type { StoreEvent } from "./store.ts";

/** How much history is held in memory: whichever is reached first counts. */
export interface EventRingLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export const defaultRingLimits: EventRingLimits = { maxEvents: 8192, maxBytes: 32 * 1024 * 1024 };

export class EventRing {
  readonly #limits: EventRingLimits;
  #events: StoreEvent[] = [];
  /** Where the oldest kept event is; the ones before it are let go in blocks. */
  #head = 0;
  #bytes = 0;
  #floor: number;

  /** @param last the revision before the first event to come */
  constructor(last: number, limits: EventRingLimits = defaultRingLimits) {
    this.#floor = last;
    this.#limits = limits;
  }

  /** Events after this revision are all here. */
  get floor(): number {
    return this.#floor;
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += event.entry.value.length;
    while (this.#events.length - this.#head > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes) {
      if (this.#head >= this.#events.length) break;
      this.#drop();
    }
    this.#shrink();
  }

  /** Lets go of events up to and including `revision`. */
  compact(revision: number): void {
    while (this.#head < this.#events.length && this.#events[this.#head]!.revision <= revision) this.#drop();
    this.#floor = Math.max(this.#floor, revision);
    this.#shrink();
  }

  /** Events after `revision`, oldest first; `revision` must not be below {@link floor}. */
  after(revision: number): StoreEvent[] {
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #drop(): void {
    const { entry, revision } = this.#events[this.#head]!;
    this.#bytes -= entry.value.length;
    this.#floor = revision;
    this.#head++;
  }

  #shrink(): void {
    if (this.#head < 1024 && this.#head < this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }
}
