/** The protobuf wire format, written. Everything it is told is written, empty or zero as it may be. */

const firstSize = 512;
/** A text of so many code units takes at most three times as many bytes, and so a length of one byte: it need not be measured first. */
const shortText = 42;
/** Up to here what was written is copied to its own size: it may be kept, and most of the buffer be unused. */
const copiedBytes = 64 * 1024;

/** Into one buffer that grows: a list has millions of parts, and an object for each would keep the garbage collector busy for seconds. */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(firstSize);
  #at = 0;

  /** Of 64 bits; negative ones take ten bytes. */
  integer(number: number, value: number | bigint): void {
    this.#varint(number * 8);
    if (typeof value === "bigint") this.#large(value);
    else this.#varint(value);
  }

  double(number: number, value: number): void {
    this.#varint(number * 8 + 1);
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  string(number: number, value: string): void {
    if (value.length <= shortText) return this.#short(number, value);
    const length = Buffer.byteLength(value);
    this.#varint(number * 8 + 2);
    this.#varint(length);
    this.#reserve(length);
    this.#at += this.#buffer.write(value, this.#at);
  }

  #short(number: number, value: string): void {
    this.#varint(number * 8 + 2);
    this.#reserve(1 + 3 * value.length);
    const length = this.#buffer.write(value, this.#at + 1);
    this.#buffer[this.#at] = length;
    this.#at += 1 + length;
  }

  bytes(number: number, bytes: Uint8Array): void {
    this.#varint(number * 8 + 2);
    this.#varint(bytes.length);
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Of a message that others write, so many bytes. */
  header(number: number, length: number): void {
    this.#varint(number * 8 + 2);
    this.#varint(length);
  }

  /** @param write is given the writer to write with */
  message(number: number, write: (writer: WireWriter) => void): void {
    this.#varint(number * 8 + 2);
    // One byte is left for the length; a longer one moves what it is the length of.
    const start = this.#at;
    this.#varint(0);
    write(this);
    const end = this.#at;
    const length = end - start - 1;
    const more = sizeOf(length) - 1;
    this.#reserve(more);
    if (more > 0) this.#buffer.copyWithin(start + 1 + more, start + 1, end);
    this.#at = start;
    this.#varint(length);
    this.#at = end + more;
  }

  finish(): Uint8Array {
    const written = this.#buffer.subarray(0, this.#at);
    return written.length > copiedBytes ? written : Buffer.from(written);
  }

  #reserve(bytes: number): void {
    const wanted = this.#at + bytes;
    if (wanted <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }

  #varint(value: number): void {
    this.#reserve(10);
    if (value < 0) return this.#large(BigInt(value));
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at++] = rest;
  }

  #large(value: bigint): void {
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#at++] = Number(rest);
  }
}

function sizeOf(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size++;
  return size;
}
