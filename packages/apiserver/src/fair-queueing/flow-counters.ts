/** Numbers of one flow schema at its level, for metrics. Gauges go up and down; counters only up. Buckets are upstream's. */

/** Seconds, of waiting and of execution. */
const durations: readonly number[] = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const seats: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 100];
const watchers: readonly number[] = [0, 1, 10, 100, 1000, 10_000];
const lengths: readonly number[] = [0, 10, 25, 50, 100, 250, 500, 1000];

export class Histogram {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
  /** One more than the bounds: the last is for what is beyond. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  /** @param weight how often */
  observe(value: number, weight = 1): void {
    const { bounds } = this;
    this.sum += value * weight;
    this.count += weight;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    this.counts[i]! += weight;
  }
}

/** As upstream, who goes away while waiting counts as timed out. */
export type RejectReason = "queue-full" | "time-out" | "concurrency-limit";

export class FlowCounters {
  dispatched = 0;
  executing = 0;
  executingSeats = 0;
  waiting = 0;
  waitingSeats = 0;
  noAccommodation = 0;
  readonly rejected = new Map<RejectReason, number>();
  readonly waitExecuted = new Histogram(durations);
  readonly waitRejected = new Histogram(durations);
  readonly execution = new Histogram(durations);
  /** Of watches: until their initial events are out. */
  readonly watchInitialization = new Histogram(durations);
  readonly workSeats = new Histogram(seats);
  /** That a write is to be told to. */
  readonly watchers = new Histogram(watchers);
  /** Of the queue, with the request that came. */
  readonly queueLength = new Histogram(lengths);

  reject(reason: RejectReason, waitedSeconds: number): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
    this.waitRejected.observe(waitedSeconds);
  }
}
