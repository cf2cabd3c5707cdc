/**
 * One priority level: who waits, in which queue, and who is next. Fair queueing for server requests (KEP-1040), after apiserver's queueset:
 * a queue's virtual start is the moment, in seat-seconds that every busy queue has had, at which its next request would begin; the request that would
 * virtually finish first is dispatched. Nothing here waits or sets a timer while there are seats.
 */

import { type Clock, type StatusError, tooManyRequests } from "@kubets/apimachinery";
import { Demand } from "./demand.ts";
import type { Comer, Flow, Queuing, Work } from "./flow.ts";
import type { RejectReason } from "./flow-counters.ts";
import { Lingering } from "./lingering.ts";
import type { Pace } from "./pace.ts";
import { bound, type LastDispatch, Queues } from "./queues.ts";
import { RetryAfter } from "./retry-after.ts";
import { type Queue, Ticket } from "./ticket.ts";
import { RequestGauges, Utilization } from "./utilization.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface LevelOptions {
  readonly name: string;
  readonly clock: Clock;
  /** How long someone may wait for a seat. */
  readonly waitLimitMs: (comer: Comer) => number;
  /** Called when seats may get scarce, often. */
  readonly onPressure: () => void;
  /** Called when a level that is to go has nothing more to do. */
  readonly onDrained?: () => void;
  /** Of the whole server, as is the pace: no more begins at a time than that says. */
  readonly gauges?: RequestGauges;
  readonly pace?: Pace;
}

export class Level {
  readonly name: string;
  readonly demand = new Demand();
  readonly utilization = new Utilization();
  readonly retryAfter = new RetryAfter();
  exempt = false;
  /** It is configured no more, and ends what it has. */
  quiescing = false;
  limit = 0;
  /** Demand up to here needs nothing from other levels. */
  ownSeats = 0;
  dispatched = 0;
  rejected = 0;
  cancelled = 0;
  seatsInUse = 0;
  seatsWaiting = 0;
  /** In no order. */
  readonly executing: Ticket[] = [];
  /** In the order they came. */
  readonly waiting = new Set<Ticket>();
  readonly #options: LevelOptions;
  readonly #clock: Clock;
  readonly #gauges: RequestGauges;
  #queuing: Queuing | undefined;
  readonly #queues = new Queues();
  readonly #lingering: Lingering;
  readonly #room: WaitingRoom;
  #progress = 0;
  #syncedAt: number;

  constructor(options: LevelOptions) {
    this.#options = options;
    this.name = options.name;
    this.#clock = options.clock;
    this.#gauges = options.gauges ?? new RequestGauges();
    this.#syncedAt = this.#clock.monotonic();
    this.#lingering = new Lingering(this.#clock);
    const { clock, pace, waitLimitMs } = options;
    const abandon = (ticket: Ticket) => this.#abandon(ticket);
    this.#room = new WaitingRoom({ clock, pace, level: this, waitLimitMs, abandon });
  }

  /** @param queuing undefined: what finds no seat is refused */
  configure(exempt: boolean, queuing: Queuing | undefined): void {
    this.exempt = exempt;
    this.#queuing = queuing;
    this.utilization.waitingCapacity = Math.max(1, queuing?.queueLengthLimit ?? 1) * (queuing?.queues ?? 1);
    this.#queues.configure(queuing?.queues ?? 0);
  }

  /** @param capacity what utilization is measured by */
  setLimit(limit: number, capacity = Math.max(1, limit)): void {
    this.sync();
    this.limit = limit;
    this.utilization.seatCapacity = capacity;
    this.#dispatch();
  }

  get idle(): boolean {
    return this.waiting.size === 0 && this.executing.length === 0;
  }

  /** Queues that have someone in them or on their seats. */
  get activeQueues(): number {
    return this.#queues.active;
  }

  /** Queues that were ever used, and as many places as are configured. */
  get queues(): readonly (Queue | undefined)[] {
    return this.#queues.all;
  }

  get lastDispatch(): LastDispatch {
    return this.#queues.lastDispatch;
  }

  get queuing(): Queuing | undefined {
    return this.#queuing;
  }

  /** What every busy queue has had, in seat-seconds. */
  get progress(): number {
    return this.#progress;
  }

  /**
   * A seat, at once where there is one.
   * @throws StatusError 429; the promise rejects with it, or with the signal's reason
   */
  enter(flow: Flow, work: Work, comer: Comer): Ticket | Promise<Ticket> {
    const now = this.sync();
    const ticket = new Ticket(this, flow, work, comer, now);
    flow.counters.workSeats.observe(ticket.seats);
    if (this.exempt) return this.#start(ticket, now);
    const { hand } = flow;
    const queuing = this.#queuing;
    if (queuing === undefined || hand === undefined) {
      if (!comer.patient && !this.#hasRoomFor(ticket.seats)) throw this.#refuse(ticket, "concurrency-limit", now);
      flow.counters.waitExecuted.observe(0);
      return this.#start(ticket, now);
    }
    // At a level that has no seats, and gets none, others wait until they may be refused.
    if (comer.patient && this.limit === 0) return this.#start(ticket, now);
    const queue = this.#queues.join(ticket, hand, this.waiting.size > 0, this.#progress);
    const isFull = this.seatsInUse >= this.limit || this.#options.pace?.isSpent(now) === true;
    if (this.waiting.size === 0 && !isFull && this.#hasRoomFor(ticket.seats)) {
      this.#queues.pass(queue, this.#progress);
      const { counters } = flow;
      counters.queueLength.observe(1);
      counters.waitExecuted.observe(0);
      return this.#start(ticket, now);
    }
    if (!comer.patient && isFull && queue.waiting.length >= queuing.queueLengthLimit) {
      throw this.#refuse(ticket, "queue-full", now);
    }
    this.#enqueue(ticket, queue);
    this.#dispatch();
    return ticket.started ? ticket : this.#room.wait(ticket, comer, this.#syncedAt);
  }

  /** @internal the end of what {@link enter} began */
  leave(ticket: Ticket): void {
    const now = this.sync();
    const seconds = (now - ticket.startedAt) / 1000;
    const { counters } = ticket.flow;
    const last = this.executing.pop()!;
    if (last !== ticket) {
      this.executing[ticket.place] = last;
      last.place = ticket.place;
    }
    counters.executing--;
    (ticket.isWatch ? counters.watchInitialization : counters.execution).observe(seconds);
    this.#gaugesOf(ticket).executing.add(-1, now);
    const { queue } = ticket;
    if (queue !== undefined) this.#queues.ended(ticket, queue, seconds);
    const { lingerMs } = ticket.work;
    if (lingerMs > 0) this.#lingering.add(ticket, now + lingerMs);
    else this.#release(ticket);
    if (this.waiting.size > 0) this.#dispatch();
    else if (this.quiescing && this.executing.length === 0) this.#options.onDrained?.();
  }

  #start(ticket: Ticket, now: number): Ticket {
    ticket.startedAt = now;
    ticket.started = true;
    this.#options.pace?.started(now);
    this.dispatched++;
    ticket.place = this.executing.push(ticket) - 1;
    this.seatsInUse += ticket.seats;
    const { counters } = ticket.flow;
    counters.dispatched++;
    counters.executing++;
    counters.executingSeats += ticket.seats;
    this.#gaugesOf(ticket).executing.add(1, now);
    const { queue } = ticket;
    if (queue !== undefined) this.#queues.began(ticket, queue);
    this.#demandChanged();
    return ticket;
  }

  readonly #release = (ticket: Ticket): void => {
    this.seatsInUse -= ticket.seats;
    ticket.flow.counters.executingSeats -= ticket.seats;
    if (ticket.queue !== undefined) ticket.queue.seatsInUse -= ticket.seats;
    this.#demandChanged();
  };

  #demandChanged(): void {
    const seats = this.seatsInUse + this.seatsWaiting;
    this.demand.set(seats);
    if (seats > this.ownSeats) this.#options.onPressure();
  }

  #gaugesOf({ isReadOnly }: Ticket) {
    return isReadOnly ? this.#gauges.readOnly : this.#gauges.mutating;
  }

  /** More seats than the level has are given to one that runs alone. */
  #hasRoomFor(seats: number): boolean {
    if (seats > this.limit) return this.executing.length === 0;
    return this.seatsInUse + seats <= this.limit;
  }

  #enqueue(ticket: Ticket, queue: Queue): void {
    this.#queues.push(ticket, queue);
    this.waiting.add(ticket);
    this.seatsWaiting += ticket.seats;
    const { counters } = ticket.flow;
    counters.waiting++;
    counters.waitingSeats += ticket.seats;
    counters.queueLength.observe(queue.waiting.length);
    this.#gaugesOf(ticket).waiting.add(1, this.#syncedAt);
    this.#demandChanged();
  }

  #dequeue(ticket: Ticket): void {
    this.#queues.take(ticket);
    this.waiting.delete(ticket);
    this.#room.delete(ticket);
    this.seatsWaiting -= ticket.seats;
    ticket.flow.counters.waiting--;
    ticket.flow.counters.waitingSeats -= ticket.seats;
    this.#gaugesOf(ticket).waiting.add(-1, this.#syncedAt);
    this.#demandChanged();
  }

  /** In a new turn of the event loop. */
  resume(count: number): void {
    this.sync();
    this.#dispatch(count);
    this.#room.nextTurn();
  }

  readonly #look = (): void => {
    this.sync();
    this.#dispatch();
  };

  /** @param most how many begin, if the pace allows them */
  #dispatch(most = Number.POSITIVE_INFINITY): void {
    const { pace } = this.#options;
    for (let begun = 0; this.waiting.size > 0 && (this.exempt || this.seatsInUse < this.limit); begun++) {
      if (pace !== undefined && (begun >= most || pace.isSpent(this.#syncedAt))) {
        pace.postpone(this);
        break;
      }
      const ticket = this.#queues.next(this.#progress);
      if (!this.exempt && !this.#hasRoomFor(ticket.seats)) {
        ticket.flow.counters.noAccommodation++;
        break;
      }
      const queue = ticket.queue!;
      this.#queues.turnOf(queue);
      this.#dequeue(ticket);
      if (!this.exempt) ticket.narrow(this.limit);
      ticket.flow.counters.waitExecuted.observe((this.#syncedAt - ticket.arrivedAt) / 1000);
      this.#start(ticket, this.#syncedAt);
      bound(queue);
      ticket.called?.();
    }
    if (this.waiting.size > 0) this.#lingering.expect(this.#look);
  }

  #abandon(ticket: Ticket): StatusError {
    const now = this.sync();
    this.#dequeue(ticket);
    bound(ticket.queue!);
    this.cancelled++;
    const error = this.#refuse(ticket, "time-out", now);
    // What stood behind it may be smaller.
    this.#dispatch();
    if (this.quiescing && this.idle) this.#options.onDrained?.();
    return error;
  }

  #refuse(ticket: Ticket, reason: RejectReason, now: number): StatusError {
    this.rejected++;
    ticket.flow.counters.reject(reason, (now - ticket.arrivedAt) / 1000);
    this.retryAfter.refused(this.#clock.now());
    return tooManyRequests("Too many requests, please try again later.", this.retryAfter.seconds);
  }

  /** Brings everything that goes by time to the present, which it returns: milliseconds of the monotonic clock. */
  sync(): number {
    const now = this.#clock.monotonic();
    while (this.#lingering.first <= now) {
      this.#pass(this.#lingering.first);
      // Nobody is called for that: whoever comes next looks.
      this.#lingering.releaseFirst(this.#release);
    }
    this.#pass(now);
    return now;
  }

  /** Until `time`, every busy queue had its part of the seats that were in use: while some wait that is all of them, or what the pace allows. */
  #pass(time: number): void {
    const ms = time - this.#syncedAt;
    if (ms <= 0) return;
    this.#syncedAt = time;
    const { seatsInUse } = this;
    const wanted = seatsInUse + this.seatsWaiting;
    this.demand.pass(ms / 1000);
    this.utilization.pass(ms, seatsInUse, this.executing.length, this.waiting.size, wanted);
    const { active } = this.#queues;
    if (active > 0) this.#progress += (Math.min(seatsInUse, this.limit) / active) * (ms / 1000);
  }
}
