import assert from "node:assert/strict";
import { test } from "node:test";
import { realRandom, VirtualClock } from "@kubets/apimachinery";
import { WebhookCallError } from "../webhook/index.ts";
import { postWithRetry } from "./webhook-retry.ts";

test("a webhook that fails for a while is asked again, until whoever asks has ended", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const signals: (AbortSignal | undefined)[] = [];
  const caller = {
    post: async (_body: Uint8Array, { signal }: { signal?: AbortSignal }) => {
      signals.push(signal);
      throw new WebhookCallError("read: connection reset by peer");
    },
  };
  const options = { clock, random: realRandom, timeoutMs: 30_000, signal: stop.signal };
  const outcome = postWithRetry(caller, {}, options).catch((error: unknown) => error);
  await clock.advance(600);
  const stopped = new Error("stopped");
  stop.abort(stopped);
  assert.deepEqual([await outcome, clock.pendingTimers], [stopped, 0]);
  assert.deepEqual(signals, [stop.signal, stop.signal]);
});
