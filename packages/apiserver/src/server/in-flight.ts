/** How many requests are served at a time: upstream's --max-requests-inflight and --max-mutating-requests-inflight. Fair queueing replaces it later. */

import { tooManyRequests } from "@kubets/apimachinery";
import type { RequestInfo } from "../request/request-info.ts";

export interface InFlightLimits {
  readonly reading: number;
  readonly mutating: number;
}

export const defaultInFlightLimits: InFlightLimits = { reading: 400, mutating: 200 };

const reading = new Set(["get", "list", "watch", "head", "options"]);
const longRunningSubresources = new Set(["attach", "exec", "log", "portforward", "proxy"]);

/** Watches and streams last as long as the client wants: they hold no place. */
export function isLongRunning({ verb, subresource }: RequestInfo): boolean {
  return verb === "watch" || verb === "proxy" || longRunningSubresources.has(subresource);
}

export class InFlight {
  readonly #limits: InFlightLimits;
  #reading = 0;
  #mutating = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  /** Takes a place; the caller gives it back once. @throws StatusError 429 when there is none */
  enter(info: RequestInfo): () => void {
    if (isLongRunning(info)) return () => {};
    if (reading.has(info.verb)) {
      if (this.#reading >= this.#limits.reading) throw tooMany();
      this.#reading++;
      return () => void this.#reading--;
    }
    if (this.#mutating >= this.#limits.mutating) throw tooMany();
    this.#mutating++;
    return () => void this.#mutating--;
  }
}

function tooMany() {
  return tooManyRequests("Too many requests, please try again later.", 1);
}
