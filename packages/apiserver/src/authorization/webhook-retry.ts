/** How often an authentication or authorization webhook is asked again when it fails. Source: apiserver's util/webhook. */

import type { Clock, Random } from "@kubets/apimachinery";
import { WebhookCallError } from "../webhook/index.ts";

/** Whatever posts JSON to one server: a WebhookClient's or a kubeconfig's. */
export interface WebhookCaller {
  /** @throws WebhookCallError */
  post(body: Uint8Array, options: { timeoutMs?: number; signal?: AbortSignal }): Promise<unknown>;
}

export interface RetryBackoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly jitter: number;
  readonly steps: number;
}

const defaultRetryBackoff: RetryBackoff = { initialMs: 500, factor: 1.5, jitter: 0.2, steps: 5 };

/** @throws WebhookCallError the last one, or the first that asking again would not mend */
export async function postWithRetry(
  caller: WebhookCaller,
  body: unknown,
  options: { clock: Clock; random: Random; timeoutMs: number; backoff?: RetryBackoff; signal: AbortSignal },
): Promise<unknown> {
  const { clock, random, timeoutMs, backoff = defaultRetryBackoff, signal } = options;
  const bytes = Buffer.from(JSON.stringify(body));
  const deadline = clock.monotonic() + timeoutMs;
  let waitMs = backoff.initialMs;
  for (let step = 1; ; step++) {
    try {
      return await caller.post(bytes, { timeoutMs: Math.max(1, deadline - clock.monotonic()), signal });
    } catch (error) {
      const pause = waitMs * (1 + random.next() * backoff.jitter);
      if (step >= backoff.steps || !isTransient(error) || clock.monotonic() + pause >= deadline) throw error;
      await clock.sleep(pause, signal);
      waitMs *= backoff.factor;
    }
  }
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof WebhookCallError)) return false;
  if (error.message.endsWith("connection reset by peer") || error.message.endsWith(": EOF")) return true;
  const status = error.status?.status;
  if (status === undefined) return false;
  if ((status.details?.retryAfterSeconds ?? 0) > 0) return true;
  return ["InternalError", "Timeout", "TooManyRequests"].includes(status.reason ?? "");
}
