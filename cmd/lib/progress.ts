/** Progress on standard error: one line per step, with how long it took; standard output stays for what a script reads. */

export class Progress {
  readonly #quiet: boolean;
  readonly #live: boolean;

  constructor(options: { quiet?: boolean } = {}) {
    this.#quiet = options.quiet ?? false;
    this.#live = !this.#quiet && process.stderr.isTTY === true;
  }

  /** Runs one step; on a terminal its line shows that it is under way. */
  async step<T>(title: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    const ticker = this.#live ? setInterval(() => this.#draw(`  … ${title} (${seconds()})`), 250) : undefined;
    if (this.#live) this.#draw(`  … ${title}`);
    try {
      const result = await work();
      this.#finish(`  ✓ ${title} (${seconds()})`);
      return result;
    } catch (error) {
      this.#finish(`  ✗ ${title} (${seconds()})`);
      throw error;
    } finally {
      clearInterval(ticker);
    }
  }

  line(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }

  #draw(text: string): void {
    process.stderr.write(`\r\x1b[2K${text}`);
  }

  #finish(text: string): void {
    if (this.#quiet) return;
    process.stderr.write(this.#live ? `\r\x1b[2K${text}\n` : `${text}\n`);
  }
}
