/**
 * Events are kept for an hour after they were last seen: upstream's --event-ttl. A store that several servers share sees to it by itself; here is what
 * sweeps one that does not.
 */

import type { Event } from "@kubets/api";
import { parseTime } from "@kubets/apimachinery";
import { ConflictError } from "@kubets/storage";
import { prefixOf } from "../registry/keys.ts";
import type { ServerContext } from "../server/context.ts";

export const defaultEventTtlMs = 60 * 60 * 1000;
const sweepEveryMs = 5 * 60 * 1000;

/** Runs until `signal` aborts. */
export async function expireEvents(server: ServerContext, ttlMs: number, signal: AbortSignal): Promise<void> {
  const { clock, logger, store } = server;
  if (store.expiresKeys) return;
  while (!signal.aborted) {
    try {
      await clock.sleep(sweepEveryMs, signal);
      await sweep(server, ttlMs, signal);
    } catch (err) {
      if (signal.aborted) return;
      logger.warn("old events could not be removed", { err });
    }
  }
}

async function sweep({ resources, store, clock }: ServerContext, ttlMs: number, signal: AbortSignal): Promise<void> {
  const events = resources.find("", "events");
  if (events === undefined) return;
  const before = clock.now() - ttlMs;
  const { entries } = await store.list(prefixOf(events.definition));
  for (const entry of entries) {
    if (signal.aborted) return;
    if (entry.unreadable !== undefined) continue;
    if (lastSeen(events.registry.served(entry).object as Event) >= before) continue;
    try {
      await events.registry.remove(entry.key, entry.modRevision);
    } catch (error) {
      // Seen again, or removed, meanwhile.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function lastSeen({ metadata, eventTime, lastTimestamp, series }: Event): number {
  const times = [metadata?.creationTimestamp, eventTime, lastTimestamp, series?.lastObservedTime].map((time) =>
    parseTime(time ?? undefined),
  );
  return Math.max(...times.filter((time) => !Number.isNaN(time)), 0);
}
