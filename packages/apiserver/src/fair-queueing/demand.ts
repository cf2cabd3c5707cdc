/** How many seats a level could have used, over time: what borrowing goes by. Source: apiserver's flowcontrol seat demand integrator. */

/** Upstream's seatDemandSmoothingCoefficient: the half life is about five minutes. */
const smoothing = 0.977;

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

  /** Ends a period: its numbers can be read until the next. */
  endPeriod(): void {
    this.average = this.#time > 0 ? this.#sum / this.#time : this.#now;
    const variance = this.#time > 0 ? this.#squares / this.#time - this.average ** 2 : 0;
    this.deviation = Math.sqrt(Math.max(0, variance));
    this.highWatermark = this.#high;
    const envelope = this.average + this.deviation;
    this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope);
    this.begin();
  }

  begin(): void {
    this.#high = this.#now;
    this.#time = this.#sum = this.#squares = 0;
  }
}
