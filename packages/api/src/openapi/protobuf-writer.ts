/** Writes protocol buffers: just what a message of strings, booleans, numbers and messages needs. */

/** A text of so many code units takes at most three times as many bytes, and so a length of one byte. */
const shortText = 42;

/** One buffer for a message and all within it; what is inside moves when its length turns out to need more room. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  #field(number: number, wireType: number): void {
    this.#varint(number * 8 + wireType);
  }

  #text(number: number, value: string): void {
    this.#field(number, 2);
    if (value.length > shortText) {
      const size = Buffer.byteLength(value);
      this.#varint(size);
      this.#reserve(size);
      this.#length += this.#bytes.write(value, this.#length);
      return;
    }
    this.#reserve(1 + 3 * value.length);
    const size = this.#bytes.write(value, this.#length + 1);
    this.#bytes[this.#length] = size;
    this.#length += 1 + size;
  }

  /** An empty string is the default and is not written. */
  string(number: number, value: string | undefined): this {
    if (value) this.#text(number, value);
    return this;
  }

  /** Elements of a repeated field: each is written, empty or not. */
  strings(number: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.#text(number, value);
    return this;
  }

  boolean(number: number, value: boolean | undefined): this {
    if (!value) return this;
    this.#field(number, 0);
    this.#varint(1);
    return this;
  }

  /** Written even when the message is empty: its presence means something. `write` is given this writer. */
  message(number: number, write: (writer: ProtobufWriter) => void): this {
    this.#field(number, 2);
    this.#reserve(1);
    const start = ++this.#length;
    write(this);
    const size = this.#length - start;
    if (size > 0x7f) {
      const room = Math.ceil(Math.log2(size + 1) / 7);
      this.#reserve(room);
      this.#bytes.copyWithin(start - 1 + room, start, start + size);
    }
    this.#length = start - 1;
    this.#varint(size);
    this.#length += size;
    return this;
  }

  /** What was written. The writer is not used again. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
