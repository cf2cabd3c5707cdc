/** As much of protobuf's wire format as a KMS plugin and what it encrypts need: texts, bytes, small numbers, and maps of text to bytes. */

const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;

/** A field of bytes or text; nothing where it is empty, as proto3 has it. */
export function bytesField(field: number, value: Uint8Array | string): Uint8Array[] {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return bytes.length === 0 ? [] : [varintBytes((field << 3) | delimited), varintBytes(bytes.length), bytes];
}

export function numberField(field: number, value: number): Uint8Array[] {
  return value === 0 ? [] : [varintBytes((field << 3) | varint), varintBytes(value)];
}

/** In the order of the keys, so that the same map is the same bytes. */
export function mapField(field: number, map: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  return [...map.keys()].sort().flatMap((key) => {
    const entry = Buffer.concat([...bytesField(1, key), ...bytesField(2, map.get(key)!)]);
    return [varintBytes((field << 3) | delimited), varintBytes(entry.length), entry];
  });
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** What a message holds, by field: for a field that comes more than once, all of them in order. */
export class Fields {
  readonly #values = new Map<number, (Uint8Array | number)[]>();

  /** @throws Error for what is no message */
  constructor(message: Uint8Array) {
    const reader = new Reader(message);
    while (!reader.ended) {
      const tag = reader.varint();
      const field = Math.floor(tag / 8);
      if (field === 0) throw new Error("proto: invalid field number");
      const value = reader.value(tag % 8);
      const known = this.#values.get(field);
      if (known === undefined) this.#values.set(field, [value]);
      else known.push(value);
    }
  }

  /** The last one counts. */
  bytes(field: number): Uint8Array {
    const last = this.#values.get(field)?.at(-1);
    if (last === undefined) return new Uint8Array();
    if (typeof last === "number") throw new Error("proto: wrong wire type");
    return last;
  }

  text(field: number): string {
    return Buffer.from(this.bytes(field)).toString();
  }

  number(field: number): number {
    const last = this.#values.get(field)?.at(-1) ?? 0;
    if (typeof last !== "number") throw new Error("proto: wrong wire type");
    return last;
  }

  map(field: number): ReadonlyMap<string, Uint8Array> {
    const map = new Map<string, Uint8Array>();
    for (const entry of this.#values.get(field) ?? []) {
      if (typeof entry === "number") throw new Error("proto: wrong wire type");
      const fields = new Fields(entry);
      map.set(fields.text(1), fields.bytes(2));
    }
    return map;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1, i = 0; i < 10; factor *= 128, i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw truncated();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new Error("proto: variable length integer overflow");
  }

  value(type: number): Uint8Array | number {
    switch (type) {
      case varint:
        return this.varint();
      case delimited:
        return this.#take(this.varint());
      case fixed64:
        return this.#take(8);
      case fixed32:
        return this.#take(4);
      default:
        throw new Error("proto: cannot parse reserved wire type");
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw truncated();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function truncated(): Error {
  return new Error("unexpected EOF");
}
