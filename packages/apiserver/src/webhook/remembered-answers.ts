/** Answers of another server, each good for its time. */

import type { Clock } from "@kubets/apimachinery";

export class RememberedAnswers<T> {
  readonly #clock: Clock;
  readonly #most: number;
  /** By what was asked, least recently used first. */
  readonly #answers = new Map<string, { readonly answer: T; readonly until: number }>();

  /** @param most how many are kept; the least recently used one makes room for another */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Undefined when there is none that is still good. */
  get(key: string): T | undefined {
    const known = this.#answers.get(key);
    if (known === undefined) return undefined;
    this.#answers.delete(key);
    if (known.until <= this.#clock.monotonic()) return undefined;
    this.#answers.set(key, known);
    return known.answer;
  }

  /** @param ttlMs not kept at all when it is 0 or less */
  set(key: string, answer: T, ttlMs: number): void {
    if (ttlMs <= 0) return;
    this.#answers.delete(key);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= this.#most && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(key, { answer, until: this.#clock.monotonic() + ttlMs });
  }
}
