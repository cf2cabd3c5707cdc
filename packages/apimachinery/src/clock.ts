/**
 * Time and chance, injected. Nothing outside this file (and the virtual clock beside it) touches `Date`, `setTimeout`,
 * `setInterval`, `performance` or `Math.random`: that is what lets a test run a day of back-off in a millisecond and replay a run from its seed.
 */

/** What {@link Clock.setTimeout} gives: the one thing to do with it is to call it off. */
export interface Timer {
  /** Stops the timer; harmless when it has fired. */
  cancel(): void;
}

/** Where time comes from: {@link realClock}, or in tests a virtual one that is moved by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. Use it for durations. */
  monotonic(): number;
  /** Calls `callback` once after `ms`. Does not keep the process alive by itself when `unref` is true. */
  setTimeout(callback: () => void, ms: number, options?: { unref?: boolean }): Timer;
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Where chance comes from: {@link realRandom}, or a seeded one, so that a run can be repeated. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
}

/** The longest delay Node's timers take; a longer one would fire at once. */
const maxTimeoutMs = 0x7fff_ffff;

/** The machine's clock, and Node's timers: a delay of more than 24.8 days ends after those. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, ms, options) {
    const handle = setTimeout(callback, Math.min(Math.max(ms, 0), maxTimeoutMs));
    if (options?.unref) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (ms, signal) => sleepOn(realClock, ms, signal),
};

/** Node's: `next` is no source of secrets. */
export const realRandom: Random = {
  next: () => Math.random(),
  uuid: () => crypto.randomUUID(),
};

/** Resolves after the event loop has been around: input and output that waited, and timers that are due, came first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `Clock.sleep` for any clock that has `setTimeout`. */
export function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** RFC 3339 with whole seconds, as metav1.Time prints: `2026-01-02T03:04:05Z`. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== lastFormatted.second)
    lastFormatted = { second, text: `${new Date(epochMs).toISOString().slice(0, 19)}Z` };
  return lastFormatted.text;
}

/** The present is asked for many times a second. */
let lastFormatted = { second: Number.NaN, text: "" };

/** RFC 3339 with microseconds, as metav1.MicroTime prints: `2026-01-02T03:04:05.678000Z`. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch of an RFC 3339 time; NaN when it is not one. */
export function parseTime(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}
