/**
 * What a controller has asked for and not yet seen in its cache. Until it has, the cache undercounts, and acting on it would create
 * or delete too much. Rules of client-go's controller expectations.
 */

import type { Clock } from "@kubets/apimachinery";

/** After this long an expectation is given up: the event was lost, or the creation never happened. */
const expectationsTimeoutMs = 5 * 60_000;

interface Expectation {
  creations: number;
  /** Keys of objects whose deletion was asked for; each is counted once however often it is seen going. */
  readonly deletions: Set<string>;
  readonly since: number;
}

export class Expectations {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Expectation>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True when the cache can be trusted for `key`: all was seen, too much time has passed, or nothing was asked. */
  satisfied(key: string): boolean {
    const expectation = this.#byKey.get(key);
    if (expectation === undefined) return true;
    if (expectation.creations <= 0 && expectation.deletions.size === 0) return true;
    return this.#clock.monotonic() - expectation.since > expectationsTimeoutMs;
  }

  /** Milliseconds until unmet expectations are given up. */
  remainingMs(key: string): number {
    const expectation = this.#byKey.get(key);
    if (expectation === undefined) return 0;
    return Math.max(0, expectation.since + expectationsTimeoutMs - this.#clock.monotonic()) + 1;
  }

  expectCreations(key: string, count: number): void {
    this.#byKey.set(key, { creations: count, deletions: new Set(), since: this.#clock.monotonic() });
  }

  expectDeletions(key: string, objectKeys: readonly string[]): void {
    this.#byKey.set(key, { creations: 0, deletions: new Set(objectKeys), since: this.#clock.monotonic() });
  }

  /** Both at once, for controllers that create and delete in one pass. */
  expect(key: string, creations: number, objectKeys: readonly string[]): void {
    this.#byKey.set(key, { creations, deletions: new Set(objectKeys), since: this.#clock.monotonic() });
  }

  /** A creation was seen, or will never be because it failed. */
  creationObserved(key: string): void {
    const expectation = this.#byKey.get(key);
    if (expectation !== undefined) expectation.creations--;
  }

  deletionObserved(key: string, objectKey: string): void {
    this.#byKey.get(key)?.deletions.delete(objectKey);
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}
