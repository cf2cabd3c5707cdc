/** Writes protocol buffers: just what a message of strings, booleans, numbers and messages needs. */

export class ProtobufWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  #varint(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest > 0x7f) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
    this.#push(Uint8Array.from(bytes));
  }

  #field(number: number, wireType: number): void {
    this.#varint(number * 8 + wireType);
  }

  /** An empty string is the default and is not written. */
  string(number: number, value: string | undefined): this {
    if (!value) return this;
    return this.#delimited(number, Buffer.from(value));
  }

  /** Elements of a repeated field: each is written, empty or not. */
  strings(number: number, values: readonly string[] | undefined): this {
    for (const value of values ?? []) this.#delimited(number, Buffer.from(value));
    return this;
  }

  boolean(number: number, value: boolean | undefined): this {
    if (!value) return this;
    this.#field(number, 0);
    this.#varint(1);
    return this;
  }

  /** Written even when the message is empty: its presence means something. */
  message(number: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.#delimited(number, inner.finish());
  }

  #delimited(number: number, bytes: Uint8Array): this {
    this.#field(number, 2);
    this.#varint(bytes.length);
    this.#push(bytes);
    return this;
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length);
  }
}
