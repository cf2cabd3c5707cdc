/**
 * How many requests are served at a time. Here, the plain limits: upstream's --max-requests-inflight and --max-mutating-requests-inflight, as it is
 * with --enable-priority-and-fairness=false. Otherwise `fair-queueing/` decides.
 */

import { type StatusError, tooManyRequests } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { type Answer, httpError, type ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";

/** What a request holds while it is served. */
export interface Place {
  /** What the answer says about it. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** It is to be held until the answer is sent, not only made; of a watch, until its initial events are. */
  readonly untilSent: boolean;
  /** Harmless the second time. */
  leave(): void;
}

export interface RequestLimiter {
  /**
   * A place; a promise only when the request has to wait; undefined for what holds none. The caller leaves it.
   * @throws RefusedError when there is none; the signal's reason when the client left
   */
  enter(request: ServerRequest, info: RequestInfo, user: UserInfo): Place | Promise<Place> | undefined;
}

/** There is no room. */
export class RefusedError extends Error {
  readonly headers: Readonly<Record<string, string>>;

  constructor(cause: StatusError, headers: Readonly<Record<string, string>>) {
    super(cause.message, { cause });
    this.headers = headers;
  }

  /** Not a Status: upstream answers before it knows how. */
  get answer(): Answer {
    const retryAfterSeconds = (this.cause as StatusError).status.details?.retryAfterSeconds ?? 1;
    const answer = httpError(429, this.message);
    return { ...answer, headers: { ...answer.headers, ...this.headers, "retry-after": String(retryAfterSeconds) } };
  }
}

/** @param error 429 becomes an answer with these headers; anything else stays as it is */
export function refusedWith(error: unknown, headers: Readonly<Record<string, string>>): unknown {
  return (error as Partial<StatusError>).code === 429 ? new RefusedError(error as StatusError, headers) : error;
}

export interface InFlightLimits {
  readonly reading: number;
  readonly mutating: number;
}

export const defaultInFlightLimits: InFlightLimits = { reading: 400, mutating: 200 };

/** As upstream: whatever else a URL without a resource is asked counts as a change. */
const reading = new Set(["get", "list", "watch"]);
const longRunningSubresources = new Set(["attach", "exec", "log", "portforward", "proxy"]);

/** Watches and streams last as long as the client wants: they hold no place. */
export function isLongRunning({ verb, subresource, isResourceRequest, path }: RequestInfo): boolean {
  if (!isResourceRequest) return path.startsWith("/debug/pprof/");
  return verb === "watch" || verb === "proxy" || longRunningSubresources.has(subresource);
}

export class InFlight implements RequestLimiter {
  readonly #limits: InFlightLimits;
  #reading = 0;
  #mutating = 0;

  constructor(limits: InFlightLimits) {
    this.#limits = limits;
  }

  enter(request: ServerRequest, info: RequestInfo, user: UserInfo): Place | undefined {
    // Callers in this process queue by themselves.
    if (request.user !== undefined || isLongRunning(info)) return undefined;
    const read = reading.has(info.verb);
    const isFull = read ? this.#reading >= this.#limits.reading : this.#mutating >= this.#limits.mutating;
    if (isFull) {
      // As upstream has it: these always get an answer.
      if (user.groups.includes("system:masters")) return undefined;
      throw tooMany();
    }
    if (read) {
      this.#reading++;
      return placeOf(() => void this.#reading--);
    }
    this.#mutating++;
    return placeOf(() => void this.#mutating--);
  }
}

function placeOf(giveBack: () => void): Place {
  let left = false;
  const leave = () => {
    if (!left) giveBack();
    left = true;
  };
  return { headers: undefined, untilSent: false, leave };
}

function tooMany() {
  return new RefusedError(tooManyRequests("Too many requests, please try again later.", 1), {});
}
