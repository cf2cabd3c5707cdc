/**
 * One priority level: who waits, in which queue, and who is next. Fair queueing for server requests (KEP-1040), after apiserver's queueset:
 * a queue's virtual start is the moment, in seat-seconds that every busy queue has had, at which its next request would begin; the request that would
 * virtually finish first is dispatched. Nothing here waits or sets a timer while there are seats.
 */

import { type Clock, type StatusError, type Timer, tooManyRequests } from "@kubets/apimachinery";
import type { RequestInfo } from "../request/request-info.ts";
import { Demand } from "./demand.ts";
import type { FlowCounters, RejectReason } from "./flow-counters.ts";
import { type Queue, Ticket } from "./ticket.ts";

/** What is believed of a request's duration before it has run. */
const serviceSeconds = 0.003;

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
  readonly request: { readonly signal: AbortSignal };
  /** Never refused, however long the queue and the wait. */
  readonly patient: boolean;
  /** For those who look at what runs. */
  readonly info: RequestInfo;
  readonly userName: string;
}

export interface LevelOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly waitLimitMs: number;
  /** Called when seats get scarce, often. */
  readonly onPressure: () => void;
}

export class Level {
  readonly name: string;
  readonly demand = new Demand();
  exempt = false;
  limit = 0;
  /** Of the schema's own request, by which counts are read. */
  dispatched = 0;
  rejected = 0;
  timedOut = 0;
  cancelled = 0;
  seatsInUse = 0;
  seatsWaiting = 0;
  readonly executing = new Set<Ticket>();
  /** In the order they came. */
  readonly waiting = new Set<Ticket>();
  readonly #options: LevelOptions;
  readonly #clock: Clock;
  #queuing: Queuing | undefined;
  readonly #queues: (Queue | undefined)[] = [];
  #activeQueues = 0;
  #progress = 0;
  #syncedAt: number;
  #robin = 0;
  #enqueued = 0;
  readonly #lingering = new Set<Ticket>();
  #lingerTimer: Timer | undefined;
  #waitTimer: Timer | undefined;

  constructor(options: LevelOptions) {
    this.#options = options;
    this.name = options.name;
    this.#clock = options.clock;
    this.#syncedAt = this.#clock.monotonic();
  }

  /** @param queuing undefined: what finds no seat is refused */
  configure(exempt: boolean, limit: number, queuing: Queuing | undefined): void {
    this.#sync();
    this.exempt = exempt;
    this.limit = limit;
    this.#queuing = queuing;
    this.#dispatch();
  }

  setLimit(limit: number): void {
    this.#sync();
    this.limit = limit;
    this.#dispatch();
  }

  get idle(): boolean {
    return this.waiting.size === 0 && this.executing.size === 0;
  }

  get activeQueues(): number {
    return this.#activeQueues;
  }

  /** Queues that were ever used, and as many places as are configured. */
  get queues(): readonly (Queue | undefined)[] {
    return this.#queues;
  }

  get queuing(): Queuing | undefined {
    return this.#queuing;
  }

  /** Brings the clocks of demand and progress to the present. */
  sync(): void {
    this.#sync();
  }

  /**
   * A seat, at once where there is one.
   * @throws StatusError 429; the promise rejects with it, or with the signal's reason
   */
  enter(flow: Flow, work: Work, comer: Comer): Ticket | Promise<Ticket> {
    const now = this.#sync();
    const ticket = new Ticket(this, flow, work, comer, now);
    if (this.exempt) return this.#start(ticket, now);
    if (this.#lingering.size > 0) this.#releaseLingering(now);
    const { hand } = flow;
    const queuing = this.#queuing;
    if (queuing === undefined || hand === undefined) {
      if (!comer.patient && !this.#hasRoomFor(ticket.seats)) throw this.#refuse(ticket, "concurrency-limit", now);
      return this.#start(ticket, now);
    }
    const queue = this.#choose(hand);
    ticket.queue = queue;
    ticket.arrivalR = this.#progress;
    if (queue.waiting.length === 0 && queue.executing === 0) queue.nextR = this.#progress;
    if (this.waiting.size === 0 && this.#hasRoomFor(ticket.seats)) {
      if (queue.nextR < this.#progress) queue.nextR = this.#progress;
      this.#robin = queue.index;
      return this.#start(ticket, now);
    }
    if (!comer.patient && this.seatsInUse >= this.limit && queue.waiting.length >= queuing.queueLengthLimit) {
      throw this.#refuse(ticket, "queue-full", now);
    }
    this.#enqueue(ticket, queue);
    this.#dispatch();
    return ticket.started ? ticket : this.#wait(ticket, comer);
  }

  /** @internal the end of what {@link enter} began */
  leave(ticket: Ticket): void {
    const now = this.#sync();
    const seconds = (now - ticket.startedAt) / 1000;
    const { counters } = ticket.flow;
    this.executing.delete(ticket);
    counters.executing--;
    counters.execution.observe(seconds);
    const { queue } = ticket;
    if (queue !== undefined) {
      queue.executing--;
      queue.nextR -= ticket.work.seats * (serviceSeconds - seconds);
      this.#bound(queue);
      if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues--;
    }
    if (ticket.work.lingerMs > 0 && !this.exempt) {
      ticket.lingersUntil = now + ticket.work.lingerMs;
      this.#lingering.add(ticket);
    } else this.#release(ticket);
    if (this.#lingering.size > 0) this.#releaseLingering(now);
    if (this.waiting.size > 0) this.#dispatch();
  }

  #start(ticket: Ticket, now: number): Ticket {
    ticket.startedAt = now;
    ticket.started = true;
    this.dispatched++;
    this.executing.add(ticket);
    this.seatsInUse += ticket.seats;
    const { counters } = ticket.flow;
    counters.dispatched++;
    counters.executing++;
    counters.executingSeats += ticket.seats;
    counters.waitExecuted.observe((now - ticket.arrivedAt) / 1000);
    const { queue } = ticket;
    if (queue !== undefined) {
      if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues++;
      queue.executing++;
      queue.seatsInUse += ticket.seats;
      queue.nextR += totalWork(ticket.work);
    }
    this.demand.set(this.seatsInUse + this.seatsWaiting);
    if (!this.exempt && this.seatsInUse * 2 > this.limit) this.#options.onPressure();
    return ticket;
  }

  #release(ticket: Ticket): void {
    this.seatsInUse -= ticket.seats;
    ticket.flow.counters.executingSeats -= ticket.seats;
    if (ticket.queue !== undefined) ticket.queue.seatsInUse -= ticket.seats;
    this.demand.set(this.seatsInUse + this.seatsWaiting);
  }

  /** Those that held seats for watchers long enough; a timer only while somebody waits for them. */
  #releaseLingering(now: number): void {
    for (const ticket of this.#lingering) {
      if (ticket.lingersUntil > now) continue;
      this.#lingering.delete(ticket);
      this.#release(ticket);
    }
  }

  #expectLingering(): void {
    if (this.#lingerTimer !== undefined || this.#lingering.size === 0) return;
    let first = Number.POSITIVE_INFINITY;
    for (const { lingersUntil } of this.#lingering) first = Math.min(first, lingersUntil);
    this.#lingerTimer = this.#clock.setTimeout(
      () => {
        this.#lingerTimer = undefined;
        this.#releaseLingering(this.#sync());
        this.#dispatch();
      },
      Math.ceil(first - this.#clock.monotonic()),
    );
  }

  /** More seats than the level has are given to one that runs alone. */
  #hasRoomFor(seats: number): boolean {
    if (seats > this.limit) return this.seatsInUse === 0;
    return this.seatsInUse + seats <= this.limit;
  }

  /** Of the flow's hand the queue with the least work; in turn where all are the same. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#enqueued++ % hand.length;
    if (this.waiting.size === 0) return this.#queue(hand[offset]!);
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queue(hand[(offset + i) % hand.length]!);
      if (best === undefined || queue.waitingWork < best.waitingWork) best = queue;
    }
    return best!;
  }

  #queue(index: number): Queue {
    let queue = this.#queues[index];
    if (queue === undefined) {
      queue = { index, waiting: [], waitingWork: 0, executing: 0, seatsInUse: 0, nextR: this.#progress };
      this.#queues[index] = queue;
    }
    return queue;
  }

  #enqueue(ticket: Ticket, queue: Queue): void {
    if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues++;
    queue.waiting.push(ticket);
    queue.waitingWork += totalWork(ticket.work);
    this.waiting.add(ticket);
    this.seatsWaiting += ticket.seats;
    ticket.flow.counters.waiting++;
    ticket.flow.counters.waitingSeats += ticket.seats;
    this.demand.set(this.seatsInUse + this.seatsWaiting);
    this.#bound(queue);
    this.#options.onPressure();
  }

  #dequeue(ticket: Ticket): void {
    const queue = ticket.queue!;
    const at = queue.waiting.indexOf(ticket);
    if (at === 0) queue.waiting.shift();
    else queue.waiting.splice(at, 1);
    queue.waitingWork = queue.waiting.length === 0 ? 0 : queue.waitingWork - totalWork(ticket.work);
    if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues--;
    this.waiting.delete(ticket);
    this.seatsWaiting -= ticket.seats;
    ticket.flow.counters.waiting--;
    ticket.flow.counters.waitingSeats -= ticket.seats;
    this.demand.set(this.seatsInUse + this.seatsWaiting);
  }

  /** No queue begins, virtually, before its first request came. */
  #bound(queue: Queue): void {
    const first = queue.waiting[0];
    if (first !== undefined && queue.nextR < first.arrivalR) queue.nextR = first.arrivalR;
  }

  #dispatch(): void {
    // A level of no shares that borrows nothing still runs one at a time: some of those that wait do so for ever.
    while (this.waiting.size > 0 && (this.exempt || this.seatsInUse < Math.max(1, this.limit))) {
      const ticket = this.#next();
      if (!this.exempt && !this.#hasRoomFor(ticket.seats)) {
        ticket.flow.counters.noAccommodation++;
        break;
      }
      const queue = ticket.queue!;
      this.#robin = queue.index;
      this.#dequeue(ticket);
      this.#start(ticket, this.#syncedAt);
      this.#bound(queue);
      ticket.called?.();
    }
    if (this.waiting.size > 0) this.#expectLingering();
    else {
      this.#waitTimer?.cancel();
      this.#waitTimer = undefined;
    }
  }

  /** The one that would finish first; among equals, of the queue whose turn it is. */
  #next(): Ticket {
    let best: Ticket | undefined;
    let bestFinish = 0;
    let bestTurn = 0;
    const size = this.#queues.length;
    for (const queue of this.#queues) {
      const first = queue?.waiting[0];
      if (queue === undefined || first === undefined) continue;
      const finish = queue.nextR + totalWork(first.work);
      const turn = (queue.index - this.#robin - 1 + size) % size;
      if (best === undefined || finish < bestFinish || (finish === bestFinish && turn < bestTurn)) {
        best = first;
        bestFinish = finish;
        bestTurn = turn;
      }
    }
    return best!;
  }

  #wait(ticket: Ticket, { request, patient }: Comer): Promise<Ticket> {
    const { signal } = request;
    ticket.waitsUntil = patient ? Number.POSITIVE_INFINITY : ticket.arrivedAt + this.#options.waitLimitMs;
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        signal.removeEventListener("abort", gone);
        outcome();
      };
      const gone = () => {
        this.#abandon(ticket, "cancelled");
        settle(() => reject(signal.reason));
      };
      ticket.called = () => settle(() => resolve(ticket));
      ticket.late = (error) => settle(() => reject(error));
      if (signal.aborted) return gone();
      signal.addEventListener("abort", gone, { once: true });
      this.#watchTheTime();
    });
  }

  #abandon(ticket: Ticket, reason: RejectReason): StatusError {
    const now = this.#sync();
    this.#dequeue(ticket);
    this.#bound(ticket.queue!);
    const error = this.#refuse(ticket, reason, now);
    // What stood behind it may be smaller.
    this.#dispatch();
    return error;
  }

  #watchTheTime(): void {
    if (this.#waitTimer !== undefined) return;
    let first = Number.POSITIVE_INFINITY;
    for (const { waitsUntil } of this.waiting) {
      if (waitsUntil === Number.POSITIVE_INFINITY) continue;
      first = waitsUntil;
      break;
    }
    if (first === Number.POSITIVE_INFINITY) return;
    const left = Math.max(0, Math.ceil(first - this.#clock.monotonic()));
    this.#waitTimer = this.#clock.setTimeout(() => this.#refuseLate(), left, { unref: true });
  }

  #refuseLate(): void {
    this.#waitTimer = undefined;
    const now = this.#clock.monotonic();
    for (const ticket of [...this.waiting]) {
      if (ticket.waitsUntil <= now && this.waiting.has(ticket)) ticket.late?.(this.#abandon(ticket, "time-out"));
    }
    this.#watchTheTime();
  }

  #refuse(ticket: Ticket, reason: RejectReason, now: number): StatusError {
    this.rejected++;
    if (reason === "time-out") this.timedOut++;
    if (reason === "cancelled") this.cancelled++;
    ticket.flow.counters.reject(reason, (now - ticket.arrivedAt) / 1000);
    return tooManyRequests("Too many requests, please try again later.", 1);
  }

  /** Since the last time, every busy queue has had its part of the seats. */
  #sync(): number {
    const now = this.#clock.monotonic();
    const seconds = (now - this.#syncedAt) / 1000;
    if (seconds > 0) {
      this.#syncedAt = now;
      this.demand.pass(seconds);
      if (this.#activeQueues > 0) {
        const seats = Math.min(this.seatsInUse + this.seatsWaiting, this.limit);
        this.#progress += (seats / this.#activeQueues) * seconds;
      }
    }
    return now;
  }
}

function totalWork({ seats, finalSeats, lingerMs }: Work): number {
  return seats * serviceSeconds + (finalSeats * lingerMs) / 1000;
}
