/** How many seats a request is believed to need. Source: apiserver's util/flowcontrol/request. */

import { isTrue } from "../request/parse-request-info.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { ResourceTable, ServedResource } from "../server/resource-table.ts";
import type { Queuing, Work } from "./flow.ts";
import type { FlowCounters } from "./flow-counters.ts";

/** A seat is worth so much of a list's memory, and a list that is served from the cache uses, in pieces, no more than this at once. */
const bytesPerSeat = 100_000;
const mostCachedBytes = 1_000_000;
const watchersPerSeat = 10;
/** What an event costs each ten watchers. */
const eventMs = 5;
const mostListSeats = 100;
const mostWriteSeats = 10;
/** Of its level's nominal seats no request takes more than this part. */
const mostOfLevel = 0.15;

/** What is stored is measured again, beside the lists that ask, after a millisecond for each object; within these bounds. */
const freshMs = { least: 1000, most: 60_000 };
/** What nobody asked for so long is forgotten. */
const forgottenMs = 3_600_000;

const oneSeat: Work = { seats: 1, finalSeats: 0, lingerMs: 0 };

/** How wide requests may be at a level. */
export interface WidestWork {
  readonly listSeats: number;
  readonly writeSeats: number;
}

/** Where requests queue, a wide one must not be more than a small part of what there is, or than what one hand of queues has. */
export function widestWork(nominal: number, queuing: Queuing | undefined): WidestWork {
  if (queuing === undefined) return { listSeats: mostListSeats, writeSeats: mostWriteSeats };
  const part = Math.min(Math.ceil(nominal * mostOfLevel), Math.trunc(nominal / queuing.handSize));
  const most = Math.max(1, part);
  return { listSeats: Math.min(mostListSeats, most), writeSeats: Math.min(mostWriteSeats, most) };
}

interface Stats {
  objects: number;
  /** All of them together. */
  bytes: number;
  takenAt: number;
  underWay: boolean;
}

export class WorkEstimator {
  readonly #resources: () => ResourceTable;
  readonly #monotonic: () => number;
  readonly #stats = new Map<string, Stats>();

  constructor(resources: () => ResourceTable, monotonic: () => number) {
    this.#resources = resources;
    this.#monotonic = monotonic;
  }

  /** @param most at the request's level */
  estimate(info: RequestInfo, query: URLSearchParams, most: WidestWork, counters: FlowCounters): Work {
    switch (info.verb) {
      case "list":
        return this.#list(info, query, most.listSeats);
      case "watch":
        return beginsWithObjects(query) ? this.#list(info, query, most.listSeats) : oneSeat;
      case "create":
      case "update":
      case "patch":
      case "delete":
        // A token is no event, though its service account may be watched.
        if (info.subresource === "token" && info.resource === "serviceaccounts") return oneSeat;
        return this.#write(info, most.writeSeats, counters);
      default:
        return oneSeat;
    }
  }

  #list(info: RequestInfo, query: URLSearchParams, most: number): Work {
    const limit = integerOf(query.get("limit"));
    // What cannot be read is refused later; until then it is expected to be as bad as anything.
    if (limit === undefined || integerOf(query.get("timeoutSeconds")) === undefined) return ofSeats(most);
    const served = this.#resources().get(info.apiGroup, info.apiVersion, info.resource);
    if (served === undefined || served.definition.virtual) return oneSeat;
    const { objects, bytes } = this.#measured(served);
    if (objects === 0) return oneSeat;
    const average = bytes / objects;
    const listed = limit > 0 ? Math.min(limit, objects) : objects;
    const loaded = info.name === "" ? listed : 1;
    if (info.verb === "watch" || isServedFromCache(query, limit)) {
      return ofSeats(Math.min(most, Math.ceil(Math.min(loaded * average, mostCachedBytes) / bytesPerSeat)));
    }
    const isSelected = info.name === "" && (query.get("fieldSelector") || query.get("labelSelector"));
    const looked = isSelected ? Math.max(loaded, Math.trunc(objects / 2)) : loaded;
    return ofSeats(Math.min(most, Math.ceil((looked * average) / bytesPerSeat)));
  }

  /** As it was lately. */
  #measured({ registry }: ServedResource): Stats {
    let stats = this.#stats.get(registry.prefix);
    if (stats === undefined) {
      stats = { objects: 0, bytes: 0, takenAt: Number.NEGATIVE_INFINITY, underWay: false };
      this.#stats.set(registry.prefix, stats);
    }
    const now = this.#monotonic();
    const fresh = Math.min(freshMs.most, Math.max(freshMs.least, stats.objects));
    if (!stats.underWay && now - stats.takenAt > fresh) {
      stats.underWay = true;
      void this.#measure(registry, stats, now);
    }
    return stats;
  }

  async #measure({ store, prefix }: ServedResource["registry"], stats: Stats, now: number): Promise<void> {
    this.#forget(now);
    try {
      const { entries } = await store.list(prefix, { atLeast: 0 });
      let bytes = 0;
      for (const { value } of entries) bytes += value.length;
      Object.assign(stats, { objects: entries.length, bytes });
    } catch {
      // A store that does not answer is noticed by the list itself.
    }
    Object.assign(stats, { takenAt: now, underWay: false });
  }

  #forget(now: number): void {
    for (const [prefix, { takenAt, underWay }] of this.#stats) {
      if (!underWay && now - takenAt > forgottenMs) this.#stats.delete(prefix);
    }
  }

  #write({ apiGroup, apiVersion, resource, namespace, name }: RequestInfo, most: number, counters: FlowCounters): Work {
    const hub = this.#resources().get(apiGroup, apiVersion, resource)?.hub;
    const watchers = hub === undefined ? 0 : hub.interested(namespace, name);
    counters.watchers.observe(watchers);
    if (watchers < watchersPerSeat) return oneSeat;
    const wanted = Math.ceil(watchers / watchersPerSeat);
    const finalSeats = Math.min(wanted, most);
    // Fewer seats for longer: the same work.
    return { seats: 1, finalSeats, lingerMs: (eventMs * wanted) / finalSeats };
  }
}

const ofSeatsKnown: readonly Work[] = Array.from({ length: mostListSeats + 1 }, (_, seats) => ({
  seats: Math.max(1, seats),
  finalSeats: 0,
  lingerMs: 0,
}));

function ofSeats(seats: number): Work {
  return ofSeatsKnown[seats] ?? oneSeat;
}

/** A watch that asks for what there is, or says of no version where it begins, is a list first. */
export function beginsWithObjects(query: URLSearchParams): boolean {
  if (isTrue(query.get("sendInitialEvents"))) return true;
  const resourceVersion = query.get("resourceVersion");
  return !resourceVersion || resourceVersion === "0";
}

/** Whether upstream's watch cache would answer; what lies further back is read from the storage. */
function isServedFromCache(query: URLSearchParams, limit: number): boolean {
  const resourceVersion = query.get("resourceVersion") ?? "";
  switch (query.get("resourceVersionMatch") ?? "") {
    case "NotOlderThan":
      return true;
    case "":
      if (query.get("continue")) return false;
      return !(limit > 0 && resourceVersion !== "" && resourceVersion !== "0");
    default:
      return false;
  }
}

/** Undefined for what is no number. */
function integerOf(text: string | null): number | undefined {
  if (text === null || text === "") return 0;
  return /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined;
}
