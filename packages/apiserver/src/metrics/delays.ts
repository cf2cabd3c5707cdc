/** How long a request waited for others than this server: webhooks, a seat. Latency that is this server's own is told without. */

/** What tells one request from another wherever it goes: the function that takes its warnings. */
type Warn = (text: string) => void;

/** Few requests wait at all; the others have no entry. */
const delays = new WeakMap<Warn, number>();

export function noteDelay(warn: Warn, ms: number): void {
  delays.set(warn, delayOf(warn) + ms);
}

/** In milliseconds. */
export function delayOf(warn: Warn | undefined): number {
  return warn === undefined ? 0 : (delays.get(warn) ?? 0);
}
