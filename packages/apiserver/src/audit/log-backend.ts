/** Audit events as lines of a log: one write for all that came while the last was under way. Source: apiserver's plugin/pkg/audit/log. */

import type { Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { AuditBackend } from "./backend.ts";
import { type AuditEvent, legacyText } from "./event.ts";
import type { AuditMetrics } from "./metrics.ts";

export type LogFormat = "json" | "legacy";

/** Where lines go. One call at a time. */
export interface LineSink {
  /** @throws Error when they, or some of them, were not written */
  append(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export class LogBackend implements AuditBackend {
  readonly #sink: LineSink;
  readonly #metrics: AuditMetrics;
  readonly #lineOf: (event: AuditEvent) => string;
  #next: AuditEvent[] = [];
  /** When what is in `#next` is written: it comes after what is being written. */
  #written: Promise<boolean> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(sink: LineSink, format: LogFormat, metrics: AuditMetrics) {
    this.#sink = sink;
    this.#metrics = metrics;
    this.#lineOf = format === "legacy" ? (event) => `${legacyText(event)}\n` : (event) => event.line;
  }

  process(events: readonly AuditEvent[]): Promise<boolean> {
    for (const event of events) this.#next.push(event);
    if (this.#written === undefined) {
      // What else comes in this turn of the event loop goes into the same write: one for each event would cost as much as a small request.
      this.#written = this.#last.then(() => nextTurn()).then(() => this.#write());
      this.#last = this.#written;
    }
    return this.#written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#sink.close();
  }

  async #write(): Promise<boolean> {
    const events = this.#next;
    this.#next = [];
    this.#written = undefined;
    try {
      await this.#sink.append(events.map(this.#lineOf));
      return true;
    } catch (error) {
      this.#metrics.lost("log", error, events);
      return false;
    }
  }
}

/** `--audit-log-path=-` */
export function streamSink(stream: Pick<Writable, "write">): LineSink {
  return {
    append: (lines) =>
      new Promise((resolve, reject) => {
        stream.write(lines.join(""), (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {},
  };
}
