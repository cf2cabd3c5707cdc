/**
 * How long the parts of a level were how full: upstream's timing ratio histograms, "observations at the end of every nanosecond". A span of time is
 * one observation of that weight, made when something changes or somebody looks.
 */

import { Histogram } from "./flow-counters.ts";

const seatBounds = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const requestBounds = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];
const demandBounds = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];
const kindBounds = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

const nsPerMs = 1e6;

export class Utilization {
  readonly seats = new Histogram(seatBounds);
  readonly executing = new Histogram(requestBounds);
  readonly waiting = new Histogram(requestBounds);
  readonly demand = new Histogram(demandBounds);
  /** What is counted as full: of seats (and requests that run), and of requests that wait. */
  seatCapacity = 1;
  waitingCapacity = 1;

  /** It was so for `ms`. */
  pass(ms: number, seats: number, executing: number, waiting: number, demand: number): void {
    const ns = ms * nsPerMs;
    this.seats.observe(seats / this.seatCapacity, ns);
    this.executing.observe(executing / this.seatCapacity, ns);
    this.waiting.observe(waiting / this.waitingCapacity, ns);
    this.demand.observe(demand / this.seatCapacity, ns);
  }
}

/** How many requests of a kind there are in a phase, and the most there were lately. */
export class Gauge {
  readonly shares = new Histogram(kindBounds);
  capacity = 1;
  #value = 0;
  #since = 0;
  #second = 0;
  #high = 0;
  #highBefore = 0;

  /** @param now milliseconds of the monotonic clock */
  add(delta: number, now: number): void {
    this.#turn(now);
    this.#value += delta;
    if (this.#value > this.#high) this.#high = this.#value;
  }

  get value(): number {
    return this.#value;
  }

  /** The most there were in the second before this one, as upstream's metric has it. */
  highWatermark(now: number): number {
    this.#turn(now);
    return this.#highBefore;
  }

  #turn(now: number): void {
    if (now > this.#since) this.shares.observe(this.#value / this.capacity, (now - this.#since) * nsPerMs);
    this.#since = now;
    const second = Math.floor(now / 1000);
    if (second === this.#second) return;
    this.#highBefore = second === this.#second + 1 ? this.#high : this.#value;
    this.#high = this.#value;
    this.#second = second;
  }
}

/** By what requests do. */
export class RequestGauges {
  readonly readOnly = { executing: new Gauge(), waiting: new Gauge() };
  readonly mutating = { executing: new Gauge(), waiting: new Gauge() };
}
