import type { Clock } from "@kubets/apimachinery";

const maxEntries = 1024;

/** Remembers answers for a while. Failures are not remembered. */
export class TtlCache<T> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param ttlMs how long the answer holds, or a function of it */
  async get(key: string, ttlMs: number | ((value: T) => number), ask: () => Promise<T>): Promise<T> {
    const now = this.#clock.monotonic();
    const known = this.#entries.get(key);
    if (known !== undefined && now < known.until) return known.value;
    const value = await ask();
    if (this.#entries.size >= maxEntries) this.#entries.clear();
    const ttl = typeof ttlMs === "number" ? ttlMs : ttlMs(value);
    this.#entries.set(key, { value, until: now + ttl });
    return value;
  }
}
