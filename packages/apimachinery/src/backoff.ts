/** Waiting longer after each failure: one sequence (apimachinery's wait.Backoff) and one per key (client-go's flowcontrol.Backoff). */

import { type Clock, type Random, realClock, realRandom } from "./clock.ts";

export interface BackoffOptions {
  readonly initialMs: number;
  /** Each delay is this times the one before. Default 2. */
  readonly factor?: number;
  /** A delay is lengthened at random by up to this share of itself. Default 0. */
  readonly jitter?: number;
  /** No delay is longer, jitter aside. */
  readonly maxMs?: number;
  readonly random?: Random;
}

/** Delays that grow: 1 s, 2 s, 4 s... */
export class ExponentialBackoff {
  readonly #initialMs: number;
  readonly #factor: number;
  readonly #jitter: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #nextMs: number;

  constructor(options: BackoffOptions) {
    this.#initialMs = options.initialMs;
    this.#factor = options.factor ?? 2;
    this.#jitter = options.jitter ?? 0;
    this.#maxMs = options.maxMs ?? Number.POSITIVE_INFINITY;
    this.#random = options.random ?? realRandom;
    this.#nextMs = Math.min(this.#initialMs, this.#maxMs);
  }

  /** The delay to wait now; the following one is longer. */
  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * this.#factor, this.#maxMs);
    return this.#jitter === 0 ? ms : jitter(ms, this.#jitter, this.#random);
  }

  /** The work succeeded: starts over. */
  reset(): void {
    this.#nextMs = Math.min(this.#initialMs, this.#maxMs);
  }
}

/** `ms` and up to `share` of it more. As wait.Jitter: a share of 0 or less means 1. */
export function jitter(ms: number, share: number, random: Random = realRandom): number {
  return ms + random.next() * (share <= 0 ? 1 : share) * ms;
}

export interface KeyedBackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly clock?: Clock;
}

interface Entry {
  backoffMs: number;
  updatedAt: number;
}

/** Back-off per key, as the kubelet uses for crashing containers and image pulls. A key unused for twice the maximum starts over. */
export class KeyedBackoff<K = string> {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #clock: Clock;
  readonly #entries = new Map<K, Entry>();

  constructor({ initialMs, maxMs, clock = realClock }: KeyedBackoffOptions) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
    this.#clock = clock;
  }

  /** The key's present delay; 0 when it has none. */
  get(key: K): number {
    return this.#entries.get(key)?.backoffMs ?? 0;
  }

  /** The key failed, at `eventAt` (epoch milliseconds): its delay starts, or doubles. */
  next(key: K, eventAt: number): void {
    const entry = this.#entries.get(key);
    const fresh = entry === undefined || this.#expired(eventAt, entry);
    const backoffMs = Math.min(fresh ? this.#initialMs : entry.backoffMs * 2, this.#maxMs);
    this.#entries.set(key, { backoffMs, updatedAt: this.#clock.now() });
  }

  /** Whether less than the key's delay has passed since `eventAt`. */
  isInBackOffSince(key: K, eventAt: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(eventAt, entry)) return false;
    return this.#clock.now() - eventAt < entry.backoffMs;
  }

  /** Whether `eventAt` is within the key's delay after its last failure. */
  isInBackOffSinceUpdate(key: K, eventAt: number): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(eventAt, entry)) return false;
    return eventAt - entry.updatedAt < entry.backoffMs;
  }

  reset(key: K): void {
    this.#entries.delete(key);
  }

  /** Forgets keys whose back-off is long over. */
  gc(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) if (this.#expired(now, entry)) this.#entries.delete(key);
  }

  #expired(at: number, entry: Entry): boolean {
    return at - entry.updatedAt > this.#maxMs * 2;
  }
}
