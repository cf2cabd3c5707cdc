/**
 * Events are kept for an hour after they were last seen: upstream's --event-ttl. A store that several servers share sees to it by itself; here is what
 * sweeps one that does not.
 */

import type { Event } from "@kubets/api";
import { type Clock, parseTime } from "@kubets/apimachinery";
import { ConflictError } from "@kubets/storage";
import { prefixOf } from "../registry/keys.ts";
import type { ServerContext } from "../server/context.ts";

export const defaultEventTtlMs = 60 * 60 * 1000;
const sweepEveryMs = 5 * 60 * 1000;

/** Runs until `signal` aborts. */
export async function expireEvents(server: ServerContext, ttlMs: number, signal: AbortSignal): Promise<void> {
  const { clock, logger, store } = server;
  if (store.expiresKeys) return;
  const ages = new EventAges(store.revision, clock);
  while (!signal.aborted) {
    try {
      await clock.sleep(sweepEveryMs, signal);
      await sweep(server, ages, ttlMs, signal);
    } catch (err) {
      if (signal.aborted) return;
      logger.warn("old events could not be removed", { err });
    }
  }
}

/**
 * How long ago events were last written. The time of day may be set while the server runs, and what an event says of itself is only its writer's word:
 * revisions are what counts. Of what was written before this server started there is nothing but the times in the event.
 */
class EventAges {
  readonly #clock: Clock;
  readonly #start: { readonly revision: number; readonly wall: number; readonly at: number };
  /** What had been written at each sweep, the oldest first. */
  #sweeps: { readonly revision: number; readonly at: number }[] = [];

  constructor(revision: number, clock: Clock) {
    this.#clock = clock;
    this.#start = { revision, wall: clock.now(), at: clock.monotonic() };
  }

  /** At least so long, in milliseconds. @param said when the event says that it was last seen */
  ageOf(revision: number, said: () => number): number {
    const now = this.#clock.monotonic();
    const { revision: first, wall, at } = this.#start;
    if (revision <= first) return now - at + Math.max(0, wall - said());
    const known = this.#sweeps.find((each) => revision <= each.revision);
    return known === undefined ? 0 : now - known.at;
  }

  /** @param keepMs ages beyond it make no difference */
  noteSweep(revision: number, keepMs: number): void {
    const now = this.#clock.monotonic();
    this.#sweeps.push({ revision, at: now });
    // One beyond: what is older than it is old enough.
    while (this.#sweeps.length > 1 && now - this.#sweeps[1]!.at >= keepMs) this.#sweeps.shift();
  }
}

async function sweep(server: ServerContext, ages: EventAges, ttlMs: number, signal: AbortSignal): Promise<void> {
  const { resources, store } = server;
  const events = resources.find("", "events");
  if (events === undefined) return;
  const { entries } = await store.list(prefixOf(events.definition));
  for (const entry of entries) {
    if (signal.aborted) return;
    if (entry.unreadable !== undefined) continue;
    const said = () => lastSeen(events.registry.served(entry).object as Event);
    if (ages.ageOf(entry.modRevision, said) < ttlMs) continue;
    try {
      await events.registry.remove(entry.key, entry.modRevision);
    } catch (error) {
      // Seen again, or removed, meanwhile.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  ages.noteSweep(store.revision, ttlMs);
}

function lastSeen({ metadata, eventTime, lastTimestamp, series }: Event): number {
  const times = [metadata?.creationTimestamp, eventTime, lastTimestamp, series?.lastObservedTime].map((time) =>
    parseTime(time ?? undefined),
  );
  return Math.max(...times.filter((time) => !Number.isNaN(time)), 0);
}
