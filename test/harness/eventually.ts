/** Waiting for what comes about by itself: by asking again, never by sleeping a guessed time. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

export interface EventuallyOptions {
  /** How long it may take; a minute when left out: a busy machine takes its time, and who succeeds does not wait. */
  readonly withinMs?: number;
  /** Between two attempts; 50 ms when left out. */
  readonly everyMs?: number;
  /** What is waited for, for the error's text. */
  readonly what?: string;
}

/**
 * Calls `condition` until it returns something other than false or undefined, and returns that.
 * An assertion inside of it that fails counts as "not yet".
 * @throws Error with the last failure as its cause when the time is over
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { withinMs = 60_000, everyMs = 50, what = "the condition" }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`${what} has not come about within ${withinMs} ms${last ? `: ${message(last)}` : ""}`, {
        cause: last,
      });
    await sleep(everyMs);
  }
}

/** Waits until what is asked for matches every pattern, and returns it. */
export function eventuallyMatching(text: () => Promise<string>, ...patterns: RegExp[]): Promise<string> {
  return eventually(async () => {
    const found = await text();
    for (const pattern of patterns) assert.match(found, pattern);
    return found;
  });
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
