/** Mode `batch`: requests do not wait; events do, and go on together. Source: apiserver's plugin/pkg/audit/buffered. */

import type { Clock, Timer } from "@kubets/apimachinery";
import type { AuditBackend } from "./backend.ts";
import type { AuditEvent } from "./event.ts";
import type { AuditMetrics } from "./metrics.ts";

export interface BatchOptions {
  /** How many events wait at most; more are dropped. */
  readonly bufferSize: number;
  readonly maxBatchSize: number;
  /** How long an event waits for its batch to be full. Nothing waits when batches are of one. */
  readonly maxBatchWaitMs: number;
  /** How many batches go on per second; no limit when undefined. */
  readonly throttle?: { readonly qps: number; readonly burst: number } | undefined;
  /** Whether the next batch goes on before the last has arrived. Otherwise it takes everything that has come meanwhile. */
  readonly concurrent: boolean;
}

/** How many batches are on their way at most. Upstream has no limit, and a server that hangs may cost it all its memory. */
const maxConcurrent = 100;

export class BufferedBackend implements AuditBackend {
  readonly #delegate: AuditBackend;
  readonly #options: BatchOptions;
  readonly #clock: Clock;
  readonly #metrics: AuditMetrics;
  #waiting: AuditEvent[] = [];
  /** Of what waits, since when the first does not wait for more. */
  #due = false;
  #timer: Timer | undefined;
  #working: Promise<void> | undefined;
  readonly #underway = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #tokens: number;
  #filledAt: number;

  constructor(delegate: AuditBackend, options: BatchOptions, clock: Clock, metrics: AuditMetrics) {
    this.#delegate = delegate;
    this.#options = options;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#tokens = options.throttle?.burst ?? 0;
    this.#filledAt = clock.monotonic();
  }

  process(events: readonly AuditEvent[]): boolean {
    const { bufferSize, maxBatchSize } = this.#options;
    if (this.#closed) {
      this.#metrics.lost("buffered", "audit backend shut down", events);
      return true;
    }
    const room = bufferSize - this.#waiting.length;
    if (room < events.length)
      this.#metrics.lost("buffered", "audit buffer queue blocked", events.slice(Math.max(0, room)));
    for (const event of room < events.length ? events.slice(0, Math.max(0, room)) : events) this.#waiting.push(event);
    if (this.#waiting.length === 0) return true;
    if (this.#waiting.length >= maxBatchSize) this.#wake();
    else this.#timer ??= this.#wakeLater();
    return true;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wake();
    while (this.#working !== undefined) await this.#working;
    await Promise.all([this.#delegate.close(), ...this.#underway]);
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #wakeLater(): Timer {
    const wake = () => {
      this.#timer = undefined;
      this.#due = true;
      this.#wake();
    };
    return this.#clock.setTimeout(wake, this.#options.maxBatchWaitMs, { unref: true });
  }

  #wake(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#ready) this.#wake();
    });
  }

  get #ready(): boolean {
    const count = this.#waiting.length;
    return count >= this.#options.maxBatchSize || (count > 0 && (this.#due || this.#closed));
  }

  async #work(): Promise<void> {
    const { maxBatchSize, concurrent } = this.#options;
    while (this.#ready) {
      await this.#throttled();
      const batch = this.#take(concurrent ? maxBatchSize : this.#waiting.length);
      const result = this.#delegate.process(batch);
      if (typeof result === "boolean") continue;
      if (!concurrent) {
        await result;
        continue;
      }
      const tracked = result.finally(() => this.#underway.delete(tracked));
      this.#underway.add(tracked);
      if (this.#underway.size >= maxConcurrent) await Promise.race(this.#underway);
    }
  }

  #take(count: number): AuditEvent[] {
    const batch = this.#waiting.splice(0, count);
    this.#due = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    // What is left over waits anew.
    if (this.#waiting.length > 0 && !this.#ready) this.#timer = this.#wakeLater();
    return batch;
  }

  async #throttled(): Promise<void> {
    const { throttle } = this.#options;
    if (throttle === undefined) return;
    const { qps, burst } = throttle;
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * qps) - 1;
    this.#filledAt = now;
    // What is left when the server stops goes on at once.
    if (this.#tokens < 0) await this.#clock.sleep((-this.#tokens / qps) * 1000, this.#closing.signal).catch(() => {});
  }
}
