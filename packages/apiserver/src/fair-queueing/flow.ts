/** What fair queueing is about: streams of requests, what each request is believed to need, and who comes with it. */

import type { RequestInfo } from "../request/request-info.ts";
import type { FlowCounters } from "./flow-counters.ts";

/** How the requests of a level wait. */
export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** One stream of requests that are to be treated as one, of a schema. */
export interface Flow {
  readonly schema: string;
  readonly distinguisher: string;
  readonly counters: FlowCounters;
  /** Indexes of the queues it may use; undefined at a level without. */
  readonly hand: readonly number[] | undefined;
}

/** What a request is believed to need. */
export interface Work {
  readonly seats: number;
  /** Held for `lingerMs` after the answer, for those who watch what was written. */
  readonly finalSeats: number;
  readonly lingerMs: number;
}

export interface Comer {
  /** Its signal is asked for only when the request has to wait. */
  readonly request: { readonly signal: AbortSignal; readonly query: URLSearchParams };
  /** Never refused, however long the queue and the wait. */
  readonly patient: boolean;
  /** For those who look at what runs. */
  readonly info: RequestInfo;
  readonly userName: string;
}
