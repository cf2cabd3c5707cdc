/** A request's place at a level: waiting in a queue, then on its seats. */

import type { StatusError } from "@kubets/apimachinery";
import type { RequestInfo } from "../request/request-info.ts";
import type { Place } from "../server/in-flight.ts";
import type { Comer, Flow, Work } from "./flow.ts";
import type { Level } from "./level.ts";

export interface Queue {
  readonly index: number;
  /** The oldest first. */
  readonly waiting: Ticket[];
  /** Seat-seconds of those that wait. */
  waitingWork: number;
  executing: number;
  seatsInUse: number;
  /** When its next request would begin, in virtual time: seat-seconds. */
  nextR: number;
}

export class Ticket implements Place {
  readonly flow: Flow;
  /** What remains of it is narrower and longer at a level that has become small. */
  work: Work;
  seats: number;
  /** Milliseconds of the monotonic clock. */
  readonly arrivedAt: number;
  /** Among those that run. */
  place = 0;
  startedAt = 0;
  started = false;
  queue: Queue | undefined = undefined;
  arrivalR = 0;
  lingersUntil = 0;
  called: (() => void) | undefined = undefined;
  late: ((error: StatusError) => void) | undefined = undefined;
  headers: Readonly<Record<string, string>> | undefined = undefined;
  untilSent = false;
  readonly isReadOnly: boolean;
  /** For those who look at what runs. */
  readonly info: RequestInfo;
  readonly userName: string;
  readonly #level: Level;
  #left = false;

  constructor(level: Level, flow: Flow, work: Work, { info, userName }: Comer, arrivedAt: number) {
    this.#level = level;
    this.info = info;
    this.userName = userName;
    this.flow = flow;
    this.work = work;
    this.seats = Math.max(work.seats, work.finalSeats);
    this.arrivedAt = arrivedAt;
    this.isReadOnly = info.verb === "get" || info.verb === "list" || info.verb === "watch";
  }

  get isWatch(): boolean {
    return this.info.verb === "watch";
  }

  /** No more than `limit` seats in the end, for as much work. */
  narrow(limit: number): void {
    const { seats, finalSeats, lingerMs } = this.work;
    if (finalSeats <= limit) return;
    this.work = { seats, finalSeats: limit, lingerMs: (finalSeats * lingerMs) / limit };
    this.seats = Math.max(seats, limit);
  }

  /** Gives the seats back; once. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#level.leave(this);
  }
}
