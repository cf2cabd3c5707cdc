/** What every controller is made of: a queue of keys, some workers, and one function that makes the world right for a key. */

import {
  type Clock,
  isConflict,
  isNotFound,
  type Logger,
  realClock,
  StatusError,
  silentLogger,
  WorkQueue,
  type WorkQueueMeters,
} from "@kubets/apimachinery";

/** Ask for the key to be looked at again, although nothing failed. */
export interface ReconcileResult {
  readonly requeueAfterMs: number;
}

/**
 * Makes the world right for `key`, from what the caches say now. Level-triggered: running it twice does nothing the second time.
 * Throwing puts the key back with a growing delay.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<ReconcileResult | undefined>;

/** A failure that trying again cannot mend: logged, and the key is left until something about it changes. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}

/** What a controller's constructor gives: something to run once the caches are full. */
export interface Runnable {
  run(signal: AbortSignal): Promise<void>;
}

export interface ControllerOptions {
  /** `deployment-controller`, for logs. */
  readonly name: string;
  /** Upstream's name of the queue, `deployment`, for metrics. */
  readonly queueName: string;
  readonly meters: WorkQueueMeters | undefined;
  readonly reconcile: Reconcile;
  /** Keys worked on at the same time. Default 5. */
  readonly workers?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Of a key's first retry. Default 5 ms. */
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
}

/** A key is worked on by one worker at a time, and again, later each time, when that fails. */
export class Controller implements Runnable {
  readonly name: string;
  readonly #reconcile: Reconcile;
  readonly #workers: number;
  readonly #logger: Logger;
  readonly #queue: WorkQueue<string>;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#reconcile = options.reconcile;
    this.#workers = options.workers ?? 5;
    this.#logger = (options.logger ?? silentLogger).child({ controller: options.name });
    this.#queue = new WorkQueue<string>({
      clock: options.clock ?? realClock,
      ...(options.meters === undefined ? {} : { meter: options.meters(options.queueName) }),
      ...(options.baseDelayMs === undefined ? {} : { baseDelayMs: options.baseDelayMs }),
      ...(options.maxDelayMs === undefined ? {} : { maxDelayMs: options.maxDelayMs }),
    });
  }

  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  /** Works until `signal` aborts and what was begun has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#queue.shutDown();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await Promise.all(Array.from({ length: this.#workers }, () => this.#work(signal)));
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.#queue.get();
      if (key === undefined) return;
      // What is still queued at the end is left for the next start, which lists everything anew.
      if (!signal.aborted) await this.#one(key, signal);
      this.#queue.done(key);
    }
  }

  async #one(key: string, signal: AbortSignal): Promise<void> {
    try {
      const result = await this.#reconcile(key, signal);
      this.#queue.forget(key);
      if (result !== undefined) this.#queue.addAfter(key, result.requeueAfterMs);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof TerminalError) {
        this.#queue.forget(key);
        this.#logger.error("reconcile failed for good", { key, err: error });
        return;
      }
      // Losing a race against another writer is the ordinary course of things.
      const ordinary = isConflict(error) || isNotFound(error) || isNamespaceTerminating(error);
      this.#logger[ordinary ? "debug" : "warn"]("reconcile failed, will retry", { key, err: error });
      this.#queue.addRateLimited(key);
    }
  }
}

/** A create was refused because its namespace is being deleted: there is nothing to retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof StatusError &&
    (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating")
  );
}
