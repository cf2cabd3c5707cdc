/**
 * Group commit. A submission is decided at once against what is committed and what is pending, gets its revision, and joins the batch
 * that is filling; while one batch is being made durable the next one fills, so that any number of writers share each fsync.
 */

import type { LogRecord } from "./log.ts";
import { ConflictError, type Entry, type MadeValue, type StoreEvent, type Write } from "./store.ts";
import { deletedEntry } from "./stored-entry.ts";
import type { ValueTransformer } from "./value-transformer.ts";

interface Decided {
  readonly event: StoreEvent;
  /** The value as it goes into the log; undefined for a deletion. */
  readonly stored: Uint8Array | undefined;
}

interface PendingWrite extends Decided {
  readonly resolve: (entry: Entry) => void;
  readonly reject: (error: Error) => void;
}

export interface WriteQueueOptions {
  /** The newest committed revision when the queue is made. */
  readonly revision: number;
  /** What is committed. */
  readonly committed: (key: string) => Entry | undefined;
  readonly append: (batch: readonly LogRecord[]) => Promise<void>;
  readonly transformer?: ValueTransformer | undefined;
  /** A batch is durable: make it visible. Runs before its writers hear of it. */
  readonly apply: (events: readonly StoreEvent[]) => void;
  /** A batch, and all that was submitted after it, has failed. */
  readonly onFailure: (error: Error, writes: number) => void;
}

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  /** The newest pending write of each key that has one. */
  readonly #overlay = new Map<string, StoreEvent>();
  #filling: PendingWrite[] = [];
  #committedRevision: number;
  #assignedRevision: number;
  #draining: Promise<void> | undefined;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#committedRevision = options.revision;
    this.#assignedRevision = options.revision;
  }

  submit(write: Write): Promise<Entry> {
    return new Promise((resolve, reject) => {
      const { event, stored } = this.#decide(write);
      this.#filling.push({ event, stored, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is pending. */
  async idle(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  /** @throws ConflictError; whatever `write.value` throws. In both cases nothing has changed. */
  #decide(write: Write): Decided {
    const { key, expectedRevision, value } = write;
    const pending = this.#overlay.get(key);
    const previous = pending === undefined ? this.#options.committed(key) : stateAfter(pending);
    const deletesNothing = value === undefined && previous === undefined;
    const unexpected = expectedRevision !== undefined && expectedRevision !== (previous?.modRevision ?? 0);
    if (deletesNothing || unexpected) throw new ConflictError(key, expectedRevision, previous);
    const revision = this.#assignedRevision + 1;
    const made = value?.(revision);
    const codec = made === undefined ? undefined : this.#options.transformer?.codecOf(key);
    const stored = made === undefined || codec === undefined ? made?.bytes : codec.encode(key, made.bytes);
    const event = eventOf(key, revision, previous, made, codec?.seal);
    this.#assignedRevision = revision;
    this.#overlay.set(key, event);
    return { event, stored };
  }

  async #drain(): Promise<void> {
    // One turn of the microtask queue, so that writes submitted together travel together.
    await undefined;
    while (this.#filling.length > 0) {
      const batch = this.#filling;
      this.#filling = [];
      try {
        await this.#options.append(batch.map(recordOf));
      } catch (error) {
        this.#fail(batch, error as Error);
        continue;
      }
      this.#settle(batch);
    }
    this.#draining = undefined;
  }

  #settle(batch: readonly PendingWrite[]): void {
    const events = batch.map(({ event }) => event);
    this.#committedRevision = events.at(-1)!.revision;
    for (const event of events) {
      if (this.#overlay.get(event.entry.key) === event) this.#overlay.delete(event.entry.key);
    }
    this.#options.apply(events);
    for (const { event, resolve } of batch) resolve(event.entry);
  }

  /**
   * Back to what is committed, exactly. What was submitted since was decided against the batch that failed (its revisions if not its keys),
   * so it fails as well; the revisions were seen by nobody and are given out again.
   */
  #fail(batch: readonly PendingWrite[], error: Error): void {
    const victims = [...batch, ...this.#filling];
    this.#filling = [];
    this.#overlay.clear();
    this.#assignedRevision = this.#committedRevision;
    this.#options.onFailure(error, victims.length);
    for (const { reject } of victims) reject(error);
  }
}

function stateAfter({ type, entry }: StoreEvent): Entry | undefined {
  return type === "put" ? entry : undefined;
}

function eventOf(
  key: string,
  revision: number,
  previous: Entry | undefined,
  made: MadeValue | undefined,
  seal: string | undefined,
): StoreEvent {
  if (made === undefined) return { type: "delete", entry: deletedEntry(previous!, revision), previous, revision };
  const createRevision = previous?.createRevision ?? revision;
  const entry: Entry = { key, value: made.bytes, createRevision, modRevision: revision, memo: made.memo };
  return { type: "put", entry: seal === undefined ? entry : { ...entry, seal }, previous, revision };
}

function recordOf({ event: { entry, previous, revision }, stored }: Decided): LogRecord {
  return {
    revision,
    key: entry.key,
    createRevision: entry.createRevision,
    previousRevision: previous?.modRevision ?? 0,
    value: stored,
  };
}
