/** How many seats a level could have used, over time: what borrowing goes by. Source: apiserver's flowcontrol seat demand integrator. */

/** Upstream's seatDemandSmoothingCoefficient, for each period of ten seconds: the half life is about five minutes. */
const smoothing = 0.977;
const periodSeconds = 10;

export class Demand {
  average = 0;
  deviation = 0;
  highWatermark = 0;
  smoothed = 0;
  #now = 0;
  #high = 0;
  #time = 0;
  #sum = 0;
  #squares = 0;

  /** What there is to use now: seats taken, and seats waited for. */
  set(seats: number): void {
    this.#now = seats;
    if (seats > this.#high) this.#high = seats;
  }

  /** The present demand lasted these seconds. */
  pass(seconds: number): void {
    this.#time += seconds;
    this.#sum += this.#now * seconds;
    this.#squares += this.#now * this.#now * seconds;
  }

  /** Ends a period: its numbers can be read until the next. One that was longer than usual, since nobody needed to know, counts for several. */
  endPeriod(): void {
    this.highWatermark = this.#high;
    this.#high = this.#now;
    const time = this.#time;
    if (time <= 0) return;
    this.average = this.#sum / time;
    this.deviation = Math.sqrt(Math.max(0, this.#squares / time - this.average ** 2));
    const envelope = this.average + this.deviation;
    const kept = smoothing ** Math.max(1, Math.round(time / periodSeconds));
    this.smoothed = Math.max(envelope, kept * this.smoothed + (1 - kept) * envelope);
    this.#time = this.#sum = this.#squares = 0;
  }
}
