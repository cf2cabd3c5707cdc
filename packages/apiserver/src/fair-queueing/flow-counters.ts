/** Numbers of one flow schema at its level, for metrics. Gauges go up and down; counters only up. */

/** Upper bounds, in seconds, of upstream's histograms of waiting and of execution. */
export const durationBuckets: readonly number[] = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

export class Histogram {
  readonly counts: number[] = new Array(durationBuckets.length + 1).fill(0);
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    this.sum += seconds;
    this.count++;
    let i = 0;
    while (i < durationBuckets.length && seconds > durationBuckets[i]!) i++;
    this.counts[i]!++;
  }
}

export type RejectReason = "queue-full" | "time-out" | "concurrency-limit" | "cancelled";

export class FlowCounters {
  dispatched = 0;
  executing = 0;
  executingSeats = 0;
  waiting = 0;
  waitingSeats = 0;
  noAccommodation = 0;
  readonly rejected = new Map<RejectReason, number>();
  readonly waitExecuted = new Histogram();
  readonly waitRejected = new Histogram();
  readonly execution = new Histogram();

  reject(reason: RejectReason, waitedSeconds: number): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
    this.waitRejected.observe(waitedSeconds);
  }
}
