/** Keeps one object as the server wants it, whoever changes it. */

import type { Clock } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";

export interface KeepRightOptions {
  readonly transport: InProcessTransport;
  /** The collection that the object is in. */
  readonly path: string;
  readonly name: string;
  readonly clock: Clock;
  /** After a failure it is tried again so soon, then after twice as long each time, up to a minute. */
  readonly retryMs: number;
  /** Looks, and writes what is not right. */
  putRight(): Promise<void>;
  onError(error: unknown): void;
}

const maxRetryMs = 60_000;

/** Runs until `signal` aborts. The object was put right just before. */
export async function keepRight(options: KeepRightOptions, signal: AbortSignal): Promise<void> {
  const { transport, path, name, clock, retryMs } = options;
  const query = { watch: "true", fieldSelector: `metadata.name=${name}` };
  let delayMs = retryMs;
  for (let again = false; !signal.aborted; again = true) {
    try {
      // Of what has changed or gone since the last watch ended, or could not be written, no event tells.
      if (again) await options.putRight();
      for await (const { type } of transport.watch({ method: "GET", path, query, signal })) {
        delayMs = retryMs;
        // The first event of every watch is the object as it is.
        if (type === "MODIFIED" || type === "DELETED") await options.putRight();
      }
    } catch (error) {
      if (signal.aborted) return;
      options.onError(error);
      await clock.sleep(delayMs, signal).catch(() => {}); // Ended: so does the loop.
      delayMs = Math.min(2 * delayMs, maxRetryMs);
    }
  }
}
