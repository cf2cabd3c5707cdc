/** Forgets history as it gets old, as upstream's API server does with etcd. */

import { type Clock, type Logger, silentLogger } from "@kubets/apimachinery";
import type { Store } from "./store.ts";

export interface CompactionOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** History is kept at least this long, at most twice: upstream's `--etcd-compaction-interval`. Default 5 minutes. */
  readonly intervalMs?: number;
}

/**
 * Every interval, compacts to what was the newest revision one interval ago. When nothing was written, nothing is done.
 * Settles when `signal` aborts; never rejects.
 */
export async function keepCompacted(store: Store, options: CompactionOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger = silentLogger, intervalMs = 5 * 60 * 1000 } = options;
  if (intervalMs <= 0) return; // As upstream's flag has it: never.
  if (store.compactByTurns !== undefined) return await store.compactByTurns(intervalMs, signal);
  let previous = store.revision;
  while (await elapsed(clock, intervalMs, signal)) {
    const newest = store.revision;
    try {
      if (previous > store.compactedRevision) await store.compact(previous);
    } catch (err) {
      // A full disk, say. The next round takes this one's work along.
      if (!signal.aborted) logger.warn("Could not compact the store", { err, revision: previous });
    }
    previous = newest;
  }
}

/** False when the signal came first. */
async function elapsed(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch {
    return false; // Only the signal ends a sleep early.
  }
}
