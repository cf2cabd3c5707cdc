/** Audit events posted to a server, some at a time, as an EventList. Source: apiserver's plugin/pkg/audit/webhook. */

import type { Clock, Random } from "@kubets/apimachinery";
import type { HttpsCaller } from "../webhook/index.ts";
import type { AuditBackend } from "./backend.ts";
import type { AuditEvent } from "./event.ts";
import type { AuditMetrics } from "./metrics.ts";

export interface WebhookBackendOptions {
  readonly caller: Pick<HttpsCaller, "deliver" | "close">;
  /** Before the second attempt; it grows by half from one to the next. */
  readonly initialBackoffMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AuditMetrics;
}

const attempts = 5;
const factor = 1.5;
const jitter = 0.2;
const timeoutMs = 30_000;
/** How long calls that are under way have when the server stops; each is tried once more then. Upstream waits for all attempts. */
const closingMs = 5_000;

export class WebhookBackend implements AuditBackend {
  readonly #options: WebhookBackendOptions;
  readonly #closing = new AbortController();
  readonly #closed = new AbortController();
  readonly #underway = new Set<Promise<boolean>>();

  constructor(options: WebhookBackendOptions) {
    this.#options = options;
  }

  process(events: readonly AuditEvent[]): Promise<boolean> {
    const call = this.#send(events).finally(() => this.#underway.delete(call));
    this.#underway.add(call);
    return call;
  }

  async close(): Promise<void> {
    const { clock, caller } = this.#options;
    this.#closing.abort();
    const timer = clock.setTimeout(() => this.#closed.abort(), closingMs);
    await Promise.all(this.#underway);
    timer.cancel();
    caller.close();
  }

  async #send(events: readonly AuditEvent[]): Promise<boolean> {
    const { caller, clock, random, metrics, initialBackoffMs } = this.#options;
    const items = events.map(({ json }) => json).join(",");
    const body = Buffer.from(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items}]}\n`);
    let waitMs = initialBackoffMs;
    let last = false;
    for (let attempt = 1; ; attempt++) {
      try {
        await caller.deliver(body, { timeoutMs, signal: this.#closed.signal });
        return true;
      } catch (error) {
        if (attempt === attempts || last) {
          metrics.lost("webhook", error, events);
          return false;
        }
        last = this.#closing.signal.aborted;
        // Cut short when the server stops.
        await clock.sleep(waitMs * (1 + jitter * random.next()), this.#closing.signal).catch(() => {});
        waitMs *= factor;
      }
    }
  }
}
