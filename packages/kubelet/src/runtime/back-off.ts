/** Exponential back-off per key, as client-go's flowcontrol.Backoff: it doubles while failures come, and is forgotten after two maxima of peace. */

import type { Clock } from "@kubets/apimachinery";

interface Entry {
  delayMs: number;
  updatedAt: number;
}

export class BackOff {
  readonly #clock: Clock;
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, initialMs: number, maxMs: number) {
    this.#clock = clock;
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** The present delay; 0 when there was no failure. */
  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Milliseconds until the key may go on, counted from the failure at `since`; 0 when it may now. */
  remainingMs(key: string, since: number): number {
    const entry = this.#live(key, since);
    if (entry === undefined) return 0;
    return Math.max(0, since + entry.delayMs - this.#clock.now());
  }

  /** As {@link remainingMs}, counted from the last {@link next}. */
  remainingSinceUpdateMs(key: string): number {
    const entry = this.#live(key, this.#clock.now());
    if (entry === undefined) return 0;
    return Math.max(0, entry.updatedAt + entry.delayMs - this.#clock.now());
  }

  /** Another failure, at `since`: the delay begins or doubles. */
  next(key: string, since: number = this.#clock.now()): void {
    const entry = this.#live(key, since);
    const delayMs = entry === undefined ? this.#initialMs : Math.min(entry.delayMs * 2, this.#maxMs);
    this.#entries.set(key, { delayMs, updatedAt: this.#clock.now() });
  }

  /** Forgets every key that starts so. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #live(key: string, since: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || since - entry.updatedAt > 2 * this.#maxMs) return undefined;
    return entry;
  }
}
