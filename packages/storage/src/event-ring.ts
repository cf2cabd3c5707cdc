/** The newest events, bounded in number and bytes. Their revisions are consecutive. */

import type { StoreEvent } from "./store.ts";

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
  #last: number;

  /** @param last the revision before the first event to come */
  constructor(last: number, limits: EventRingLimits = defaultRingLimits) {
    this.#last = last;
    this.#limits = limits;
  }

  /** Events after this revision are all here. */
  get floor(): number {
    return this.#events[this.#head] === undefined ? this.#last : this.#events[this.#head]!.revision - 1;
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    this.#last = event.revision;
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
    this.#shrink();
  }

  /** Events after `revision`, oldest first; `revision` must not be below {@link floor}. */
  after(revision: number): StoreEvent[] {
    const first = this.#events[this.#head];
    if (first === undefined) return [];
    return this.#events.slice(this.#head + Math.max(0, revision + 1 - first.revision));
  }

  #drop(): void {
    this.#bytes -= this.#events[this.#head]!.entry.value.length;
    this.#head++;
  }

  #shrink(): void {
    if (this.#head < 1024 && this.#head < this.#events.length) return;
    this.#events = this.#events.slice(this.#head);
    this.#head = 0;
  }
}
