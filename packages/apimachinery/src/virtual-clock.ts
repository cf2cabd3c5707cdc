/** Time and chance that a test or a simulation controls: nothing happens until someone says how far to go. */

import { type Clock, sleepOn, type Timer } from "./clock.ts";

interface Pending {
  readonly at: number;
  readonly order: number;
  /** Undefined once it has fired or was cancelled. */
  callback: (() => void) | undefined;
}

/**
 * A clock that moves only when told. Timers fire in order of time, then of creation; after each one, every promise that it
 * settled has run its course before the next fires, so a run is the same every time.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #start: number;
  /** How far someone has set the time of day from where it would be. */
  #set = 0;
  #order = 0;
  /** A binary heap, the earliest first; cancelled ones are dropped when they come up. */
  readonly #heap: Pending[] = [];
  #active = 0;

  /** `startMs` is the epoch time it begins at; default 2026-01-01T00:00:00Z. */
  constructor(startMs = 1_767_225_600_000) {
    this.#now = startMs;
    this.#start = startMs;
  }

  now(): number {
    return this.#now + this.#set;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    const entry: Pending = { at: this.#now + Math.max(ms, 0), order: this.#order++, callback };
    this.#push(entry);
    this.#active++;
    return {
      cancel: () => {
        if (entry.callback === undefined) return;
        entry.callback = undefined;
        this.#active--;
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Sets the time of day forward, or back by a negative number, as an administrator or NTP would: timers and `monotonic` do not notice. */
  set(byMs: number): void {
    this.#set += byMs;
  }

  /** How many timers wait. A component that has stopped leaves none. */
  get pendingTimers(): number {
    return this.#active;
  }

  /** When the next timer fires, in epoch milliseconds. */
  get nextAt(): number | undefined {
    const next = this.#earliest();
    return next === undefined ? undefined : next.at + this.#set;
  }

  /** Moves time by `ms`, firing what falls due on the way, also what those callbacks start. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#earliest(); next !== undefined && next.at <= until; next = this.#earliest()) {
      await this.#fire(next);
    }
    this.#now = until;
  }

  /** Moves to the next timer and fires it. False when none waits. */
  async advanceToNext(): Promise<boolean> {
    await settle();
    const next = this.#earliest();
    if (next === undefined) return false;
    await this.#fire(next);
    return true;
  }

  /**
   * Fires timers until none waits, or the next one is further than `maxMs` from now (for loops that never end).
   * Returns whether it became idle.
   */
  async runUntilIdle(maxMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const until = this.#now + maxMs;
    for (;;) {
      await settle();
      const next = this.#earliest();
      if (next === undefined) return true;
      if (next.at > until) {
        this.#now = until;
        return false;
      }
      await this.#fire(next);
    }
  }

  async #fire(entry: Pending): Promise<void> {
    const { callback } = entry;
    this.#pop();
    entry.callback = undefined;
    this.#active--;
    this.#now = Math.max(this.#now, entry.at);
    callback?.();
    await settle();
  }

  #earliest(): Pending | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.callback === undefined) this.#pop();
    return this.#heap[0];
  }

  #push(entry: Pending): void {
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(heap[i]!, heap[parent]!)) return;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child;
      }
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  }
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Resolves when every promise that can settle without a timer or I/O has. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
