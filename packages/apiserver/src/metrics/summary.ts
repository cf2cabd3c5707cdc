/**
 * A distribution's quantiles over the last hours, as Prometheus' summaries have them: within two per cent, for one counter per observation. What is old goes
 * a fifth of the time at once.
 */

import type { Clock } from "@kubets/apimachinery";

/** component-base's, for summaries that say nothing else. */
export const quantiles: readonly number[] = [0.5, 0.9, 0.99];

const ages = 5;
/** Each bucket reaches 4 % further than the one before: from a microsecond to eight minutes, in seconds. */
const factor = 1.04;
const least = 1e-6;
const size = 512;
const perBucket = 1 / Math.log(factor);

interface Age {
  /** Since when it is counted in, a number of ages. */
  readonly since: number;
  readonly counts: Uint32Array;
  count: number;
}

export class Summary {
  sum = 0;
  count = 0;
  readonly #clock: Clock;
  readonly #ageMs: number;
  /** Oldest first. */
  #ages: Age[] = [];

  /** @param maxAgeMs older observations count for the sum alone */
  constructor(clock: Clock, maxAgeMs: number) {
    this.#clock = clock;
    this.#ageMs = maxAgeMs / ages;
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    const age = this.#current();
    age.counts[bucketOf(value)]!++;
    age.count++;
  }

  /** By {@link quantiles}; NaN where nothing was seen lately. */
  values(): number[] {
    const oldest = this.#now() - ages;
    const recent = this.#ages.filter(({ since }) => since > oldest);
    const total = recent.reduce((sum, { count }) => sum + count, 0);
    return quantiles.map((quantile) => {
      let left = Math.ceil(quantile * total);
      if (total === 0) return Number.NaN;
      for (let bucket = 0; bucket < size; bucket++) {
        for (const { counts } of recent) left -= counts[bucket]!;
        if (left <= 0) return least * factor ** (bucket - 0.5);
      }
      return least * factor ** size;
    });
  }

  #now(): number {
    return Math.floor(this.#clock.monotonic() / this.#ageMs);
  }

  #current(): Age {
    const now = this.#now();
    const last = this.#ages.at(-1);
    if (last?.since === now) return last;
    const age: Age = { since: now, counts: new Uint32Array(size), count: 0 };
    this.#ages = [...this.#ages.filter(({ since }) => since > now - ages), age];
    return age;
  }
}

function bucketOf(value: number): number {
  if (value <= least) return 0;
  return Math.min(size - 1, Math.ceil(Math.log(value / least) * perBucket));
}
