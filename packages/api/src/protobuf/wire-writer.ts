/** The protobuf wire format, written. Everything it is told is written, empty or zero as it may be. */

export class WireWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Of 64 bits; negative ones take ten bytes. */
  integer(number: number, value: number): void {
    this.#varint(number * 8);
    this.#varint(value);
  }

  double(number: number, value: number): void {
    this.#varint(number * 8 + 1);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#push(bytes);
  }

  string(number: number, value: string): void {
    this.bytes(number, Buffer.from(value));
  }

  bytes(number: number, bytes: Uint8Array): void {
    this.#varint(number * 8 + 2);
    this.#varint(bytes.length);
    this.#push(bytes);
  }

  message(number: number, write: (writer: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.#varint(number * 8 + 2);
    this.#varint(inner.#length);
    for (const part of inner.#parts) this.#push(part);
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length);
  }

  #push(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }

  #varint(value: number): void {
    if (value >= 0 && value < 0x80) return this.#push(Uint8Array.of(value));
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#push(Uint8Array.from(bytes));
  }
}
