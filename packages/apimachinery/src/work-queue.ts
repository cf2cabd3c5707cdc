/**
 * The queue every controller works from. Rules of client-go's workqueue: a key is queued once however often it is added; a key
 * being worked on is never handed out a second time, but is queued again by `done` when it was added meanwhile; failures come back
 * after a time that doubles per key.
 */

import { type Clock, realClock, type Timer } from "./clock.ts";

export interface WorkQueueOptions {
  readonly clock?: Clock;
  /** Delay of a key's first `addRateLimited`, doubled for each further one. Default 5 ms. */
  readonly baseDelayMs?: number;
  /** Default 1000 s. */
  readonly maxDelayMs?: number;
  /** Told of what happens, for metrics. */
  readonly meter?: WorkQueueMeter;
}

/** All times in milliseconds. */
export interface WorkQueueMeter {
  /** A key waits that did not. */
  added(): void;
  /** A key was handed out. */
  started(waitedMs: number): void;
  ended(workedMs: number): void;
  /** A key is to come back later. */
  retried(): void;
  /** Called once: for how long each key in work has been worked on. */
  follow?(inWork: () => number[]): void;
}

/** Gives the queue of this name its meter, where there are metrics. */
export type WorkQueueMeters = (name: string) => WorkQueueMeter;

interface Delayed {
  readonly at: number;
  readonly timer: Timer;
}

interface Getter<K> {
  readonly resolve: (key: K | undefined) => void;
}

/**
 * Keys to be worked on. One that is added while it is worked on comes again; one that failed comes later and later.
 * @see WorkQueueOptions for how late
 */
export class WorkQueue<K = string> {
  readonly #clock: Clock;
  readonly #baseDelayMs: number;
  readonly #maxDelayMs: number;
  /** In order of arrival. A Set: adding twice is once. */
  readonly #queue = new Set<K>();
  readonly #processing = new Set<K>();
  /** Added while being processed. */
  readonly #again = new Set<K>();
  readonly #delayed = new Map<K, Delayed>();
  readonly #failures = new Map<K, number>();
  readonly #getters = new Set<Getter<K>>();
  readonly #meter: WorkQueueMeter | undefined;
  /** For the meter: since when keys wait. */
  readonly #addedAt = new Map<K, number>();
  /** Likewise, since when they are worked on. */
  readonly #startedAt = new Map<K, number>();
  #shuttingDown = false;
  #drained: (() => void) | undefined;

  constructor(options: WorkQueueOptions = {}) {
    this.#clock = options.clock ?? realClock;
    this.#meter = options.meter;
    this.#baseDelayMs = options.baseDelayMs ?? 5;
    this.#maxDelayMs = options.maxDelayMs ?? 1_000_000;
    this.#meter?.follow?.(() => {
      const now = this.#clock.monotonic();
      return [...this.#startedAt.values()].map((at) => now - at);
    });
  }

  /** Keys ready to be worked on; not those delayed or in work. */
  get length(): number {
    return this.#queue.size;
  }

  /** Keys handed out and not yet done. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Keys that wait for their time. */
  get waiting(): number {
    return this.#delayed.size;
  }

  get shuttingDown(): boolean {
    return this.#shuttingDown;
  }

  add(key: K): void {
    if (this.#shuttingDown) return;
    if (this.#meter !== undefined && !this.#queue.has(key) && !this.#again.has(key)) {
      this.#addedAt.set(key, this.#clock.monotonic());
      this.#meter.added();
    }
    if (this.#processing.has(key)) this.#again.add(key);
    else this.#push(key);
  }

  /** To whoever waits for one, or into the queue. */
  #push(key: K): void {
    const [getter] = this.#queue.size === 0 ? this.#getters : [];
    this.#queue.add(key);
    if (getter === undefined) return;
    this.#getters.delete(getter);
    this.#handOut(key);
    getter.resolve(key);
  }

  /** Adds after `ms`. A key that already waits comes at the earlier of the two times. */
  addAfter(key: K, ms: number): void {
    if (this.#shuttingDown) return;
    this.#meter?.retried();
    if (ms <= 0) {
      this.add(key);
      return;
    }
    const at = this.#clock.monotonic() + ms;
    const waiting = this.#delayed.get(key);
    if (waiting !== undefined) {
      if (waiting.at <= at) return;
      waiting.timer.cancel();
    }
    const timer = this.#clock.setTimeout(() => {
      this.#delayed.delete(key);
      this.add(key);
    }, ms);
    this.#delayed.set(key, { at, timer });
  }

  /** Adds after the key's back-off, which doubles each time until `forget`. */
  addRateLimited(key: K): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#baseDelayMs * 2 ** failures, this.#maxDelayMs));
  }

  /** The key succeeded, or will not be tried again: its back-off starts over. */
  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** How often the key has been added rate-limited since it was last forgotten. */
  numRequeues(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * The next key, to be given back with `done`. Undefined when the queue has been shut down and is empty.
   * Rejects with the signal's reason when it aborts; no key is lost by that.
   */
  get(signal?: AbortSignal): Promise<K | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const [key] = this.#queue;
    if (this.#queue.size > 0) {
      this.#handOut(key as K);
      return Promise.resolve(key);
    }
    if (this.#shuttingDown) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#getters.delete(getter);
        reject(signal?.reason);
      };
      const getter: Getter<K> = {
        resolve: (next) => {
          signal?.removeEventListener("abort", onAbort);
          resolve(next);
        },
      };
      this.#getters.add(getter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** The work on a key is over, well or not. A key added meanwhile is queued now. */
  done(key: K): void {
    this.#processing.delete(key);
    if (this.#meter !== undefined) this.#meter.ended(this.#elapsed(this.#startedAt, key));
    if (this.#again.delete(key)) this.#push(key);
    this.#checkDrained();
  }

  /** Takes no more keys and drops delayed ones; `get` hands out what is queued, then undefined. */
  shutDown(): void {
    this.#shuttingDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    for (const getter of this.#getters) getter.resolve(undefined);
    this.#getters.clear();
    this.#checkDrained();
  }

  /** {@link shutDown}, then waits until everything queued and in work is done. */
  async shutDownWithDrain(signal?: AbortSignal): Promise<void> {
    this.shutDown();
    if (this.#idle()) return;
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#drained = () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      };
    });
  }

  #handOut(key: K): void {
    this.#queue.delete(key);
    this.#processing.add(key);
    if (this.#meter === undefined) return;
    this.#meter.started(this.#elapsed(this.#addedAt, key));
    this.#startedAt.set(key, this.#clock.monotonic());
  }

  #elapsed(times: Map<K, number>, key: K): number {
    const now = this.#clock.monotonic();
    const since = times.get(key) ?? now;
    times.delete(key);
    return now - since;
  }

  #idle(): boolean {
    return this.#queue.size === 0 && this.#processing.size === 0;
  }

  #checkDrained(): void {
    if (this.#drained !== undefined && this.#idle()) this.#drained();
  }
}
