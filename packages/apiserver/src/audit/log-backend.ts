/**
 * Audit events as lines of a log: one write for all that came while the last was under way. They are kept as the bytes to be written, so that nothing
 * else of a request outlives it. Source: apiserver's plugin/pkg/audit/log.
 */

import type { Writable } from "node:stream";
import { type Clock, nextTurn } from "@kubets/apimachinery";
import type { AuditBackend } from "./backend.ts";
import { type AuditEvent, legacyText } from "./event.ts";
import { Lines } from "./lines.ts";
import type { AuditMetrics } from "./metrics.ts";
import { OversizedLines } from "./rotating-file.ts";

export type LogFormat = "json" | "legacy";

/** Where lines go. One call at a time. */
export interface LineSink {
  /** @throws Error when they, or some of them, were not written */
  append(lines: Lines): Promise<void>;
  close(): Promise<void>;
}

/** Mode `batch`: nobody waits. */
export interface LogBuffer {
  /** How many lines wait at most; more are dropped. */
  readonly size: number;
  readonly clock: Clock;
}

/** For how long lines are gathered when nobody waits: many small writes cost as much as a small request each. */
const gatherMs = 5;

export class LogBackend implements AuditBackend {
  readonly #sink: LineSink;
  readonly #metrics: AuditMetrics;
  readonly #lineOf: (event: AuditEvent) => string;
  readonly #buffer: LogBuffer | undefined;
  readonly #closing = new AbortController();
  #next = new Lines();
  /** What is being written, or was. */
  #current = new Lines();
  /** Of `#next`; for the word on what was lost. */
  #first: AuditEvent | undefined;
  /** When what is in `#next` is written: it comes after what is being written. */
  #written: Promise<boolean> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(sink: LineSink, format: LogFormat, metrics: AuditMetrics, buffer?: LogBuffer) {
    this.#sink = sink;
    this.#metrics = metrics;
    this.#lineOf = format === "legacy" ? (event) => `${legacyText(event)}\n` : (event) => event.line;
    this.#buffer = buffer;
  }

  process(events: readonly AuditEvent[]): boolean | Promise<boolean> {
    if (this.#closing.signal.aborted) {
      this.#metrics.lost("log", "audit backend shut down", events);
      return this.#buffer !== undefined;
    }
    const room = (this.#buffer?.size ?? Number.POSITIVE_INFINITY) - this.#next.count - this.#current.count;
    for (const [i, event] of events.entries()) {
      if (i < room) this.#next.add(this.#lineOf(event));
      else this.#metrics.lost("buffered", "audit buffer queue blocked", [event]);
    }
    if (this.#next.count > 0) {
      this.#first ??= events[0];
      this.#written ??= this.#last = this.#writeNext(this.#last);
    }
    return this.#buffer === undefined ? (this.#written ?? true) : true;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
    await this.#sink.close();
  }

  async #writeNext(last: Promise<unknown>): Promise<boolean> {
    await last;
    // What else comes in this turn of the event loop, or while lines are gathered, goes into the same write.
    if (this.#buffer === undefined) await nextTurn();
    else await this.#buffer.clock.sleep(gatherMs, this.#closing.signal).catch(() => {});
    const first = this.#first;
    const lines = this.#next;
    this.#next = this.#current;
    this.#current = lines;
    this.#first = undefined;
    this.#written = undefined;
    try {
      await this.#sink.append(lines);
      return true;
    } catch (error) {
      const lost = error instanceof OversizedLines ? error.count : lines.count;
      this.#metrics.lost("log", error, first === undefined ? [] : [first], lost);
      return false;
    } finally {
      lines.clear();
    }
  }
}

/** `--audit-log-path=-` */
export function streamSink(stream: Pick<Writable, "write">): LineSink {
  return {
    append: (lines) =>
      new Promise((resolve, reject) => {
        // A copy: the stream may keep it for longer than the lines are there.
        stream.write(lines.slice(0, lines.count).toString(), (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {},
  };
}
