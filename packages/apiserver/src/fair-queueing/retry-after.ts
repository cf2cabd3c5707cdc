/** How long those who are refused at a level are asked to stay away. Source: apiserver's flowcontrol dropped requests tracker. */

/** Seconds. */
const longest = 32;

interface Second {
  readonly unix: number;
  readonly refused: number;
}

/**
 * Doubles while many are refused, and goes down one by one when few are: with a value of n, "many" are 3n in the last n seconds, "few" fewer than n.
 * It changes with the first refusal of a second, by what the seconds before it had.
 */
export class RetryAfter {
  #seconds = 1;
  /** When it last went up. */
  #raisedAt = 0;
  #unix = 0;
  #refused = 0;
  #history: Second[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** @param nowMs since the Unix epoch */
  refused(nowMs: number): void {
    const unix = Math.floor(nowMs / 1000);
    if (unix === this.#unix) {
      this.#refused++;
      return;
    }
    this.#history.push({ unix: this.#unix, refused: this.#refused });
    this.#history = this.#history.filter((second) => unix - second.unix <= longest);
    this.#unix = unix;
    this.#refused = 1;
    this.#adjust(unix);
  }

  #adjust(unix: number): void {
    const span = this.#seconds;
    const refused = this.#history.reduce((sum, each) => (unix - each.unix <= span ? sum + each.refused : sum), 0);
    if (unix - this.#raisedAt >= span && refused >= 3 * span) {
      this.#seconds = Math.min(2 * span, longest);
      this.#raisedAt = unix;
    } else if (refused < span && span > 1) this.#seconds = span - 1;
  }
}
