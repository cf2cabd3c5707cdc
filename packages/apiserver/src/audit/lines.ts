/** Lines of text, as the bytes of one write. */

const firstBytes = 64 * 1024;
/** What is larger is not kept for the next lines. */
const keptBytes = 4 * 1024 * 1024;

export class Lines {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #used = 0;
  /** Where each line ends. */
  #ends: number[] = [];

  get count(): number {
    return this.#ends.length;
  }

  add(line: string): void {
    // No character takes more than three bytes for each of its code units.
    const most = this.#used + line.length * 3;
    if (most > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(most, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#used += this.#bytes.write(line, this.#used);
    this.#ends.push(this.#used);
  }

  /** How long lines `from` to `to` (not with it) are, in bytes. */
  bytesOf(from: number, to: number): number {
    return this.#start(to) - this.#start(from);
  }

  /** Good until the next line is added, or all are cleared. */
  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(this.#start(from), this.#start(to));
  }

  clear(): void {
    if (this.#bytes.length > keptBytes) this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
    this.#used = 0;
    this.#ends = [];
  }

  #start(line: number): number {
    return line === 0 ? 0 : this.#ends[line - 1]!;
  }
}
