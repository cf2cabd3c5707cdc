/** How many seats a request is believed to need. Source: apiserver's util/flowcontrol/request; lists by how many objects there are. */

import type { RequestInfo } from "../request/request-info.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import type { Work } from "./level.ts";

const objectsPerSeat = 100;
const watchersPerSeat = 10;
/** What an event costs each ten watchers. */
const eventMs = 5;
/** No request takes more, and of its level's nominal seats no more than this part. */
const mostSeats = 10;
const mostOfLevel = 0.15;

/** A count is taken again, beside the lists that ask for it, when it is older. */
const countFreshMs = 1000;

const oneSeat: Work = { seats: 1, finalSeats: 0, lingerMs: 0 };
const mutating: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

interface Count {
  objects: number;
  takenAt: number;
  underWay: boolean;
}

export class WorkEstimator {
  readonly #resources: () => ResourceTable;
  readonly #monotonic: () => number;
  readonly #counts = new Map<string, Count>();

  constructor(resources: () => ResourceTable, monotonic: () => number) {
    this.#resources = resources;
    this.#monotonic = monotonic;
  }

  /** @param nominal the level's seats */
  estimate(info: RequestInfo, query: URLSearchParams, nominal: number): Work {
    if (!info.isResourceRequest) return oneSeat;
    if (info.verb === "list" || info.verb === "watch") return this.#list(info, query, nominal);
    return mutating.has(info.verb) ? this.#write(info, nominal) : oneSeat;
  }

  #list({ verb, apiGroup, apiVersion, resource, name }: RequestInfo, query: URLSearchParams, nominal: number): Work {
    if (name !== "" || (verb === "watch" && query.get("sendInitialEvents") !== "true")) return oneSeat;
    const objects = this.#count(apiGroup, apiVersion, resource);
    if (objects <= objectsPerSeat) return oneSeat;
    const seats = Math.min(Math.ceil(objects / objectsPerSeat), seatsOf(nominal));
    return seats <= 1 ? oneSeat : { seats, finalSeats: 0, lingerMs: 0 };
  }

  /** As it was lately; nothing for what is not stored here. */
  #count(group: string, version: string, plural: string): number {
    const served = this.#resources().get(group, version, plural);
    if (served === undefined || served.definition.virtual) return 0;
    const { registry } = served;
    let count = this.#counts.get(registry.prefix);
    if (count === undefined) {
      count = { objects: 0, takenAt: Number.NEGATIVE_INFINITY, underWay: false };
      this.#counts.set(registry.prefix, count);
    }
    const now = this.#monotonic();
    if (!count.underWay && now - count.takenAt > countFreshMs) {
      const known = count;
      known.underWay = true;
      const done = (objects: number) => Object.assign(known, { objects, takenAt: now, underWay: false });
      // A store that does not answer is noticed by the list itself.
      void registry.store.count(registry.prefix).then(done, () => done(known.objects));
    }
    return count.objects;
  }

  #write({ apiGroup, apiVersion, resource, namespace }: RequestInfo, nominal: number): Work {
    const watchers = this.#resources().get(apiGroup, apiVersion, resource)?.hub.interested(namespace) ?? 0;
    if (watchers < watchersPerSeat) return oneSeat;
    const wanted = Math.ceil(watchers / watchersPerSeat);
    const finalSeats = Math.min(wanted, seatsOf(nominal));
    // Fewer seats for longer: the same work.
    return { seats: 1, finalSeats, lingerMs: (eventMs * wanted) / finalSeats };
  }
}

function seatsOf(nominal: number): number {
  return Math.min(mostSeats, Math.max(1, Math.ceil(nominal * mostOfLevel)));
}
