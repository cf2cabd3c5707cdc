/** Protobuf's wire format, as far as the messages need it that are spoken with an etcd: they are described by their fields, in `messages.ts`. */

interface Field {
  readonly number: number;
  /** Names of an enum: the value's number is its place. */
  readonly type: "int64" | "bool" | "string" | "bytes" | readonly string[] | Message;
  readonly repeated: boolean;
}

interface NamedField extends Field {
  readonly name: string;
  /** Number and wire type, as they stand before each value. */
  readonly tag: number;
}

type Fields = Readonly<Record<string, Field>>;
type Value = Readonly<Record<string, unknown>>;

const varintWire = 0;
const fixed64Wire = 1;
const lengthWire = 2;
const fixed32Wire = 5;
const nothing = Buffer.alloc(0);

export class Message {
  readonly fields: readonly NamedField[];
  readonly #byNumber: readonly (NamedField | undefined)[];
  readonly #defaults: Value;
  readonly #repeated: readonly string[];

  constructor(fields: Fields) {
    this.fields = Object.entries(fields).map(([name, field]) => {
      const wire = field.type === "int64" || field.type === "bool" || isEnum(field.type) ? varintWire : lengthWire;
      return { ...field, name, tag: field.number * 8 + wire };
    });
    const byNumber: NamedField[] = [];
    for (const field of this.fields) byNumber[field.number] = field;
    this.#byNumber = byNumber;
    this.#defaults = Object.fromEntries(this.fields.map((field) => [field.name, absent(field)]));
    this.#repeated = this.fields.filter(({ repeated }) => repeated).map(({ name }) => name);
  }

  field(number: number): NamedField | undefined {
    return this.#byNumber[number];
  }

  /** As it is read from no bytes. */
  blank(): Record<string, unknown> {
    const value: Record<string, unknown> = { ...this.#defaults };
    for (const name of this.#repeated) value[name] = [];
    return value;
  }
}

export const int64 = (number: number): Field => ({ number, type: "int64", repeated: false });
export const bool = (number: number): Field => ({ number, type: "bool", repeated: false });
export const string = (number: number): Field => ({ number, type: "string", repeated: false });
export const bytes = (number: number): Field => ({ number, type: "bytes", repeated: false });
export const enumOf = (number: number, names: readonly string[]): Field => ({ number, type: names, repeated: false });
export const one = (number: number, type: Message): Field => ({ number, type, repeated: false });
export const many = (number: number, type: Message): Field => ({ number, type, repeated: true });

function isEnum(type: Field["type"]): type is readonly string[] {
  return Array.isArray(type);
}

function absent({ type }: Field): unknown {
  if (type === "int64") return 0;
  if (type === "bool") return false;
  if (type === "string") return "";
  if (type === "bytes") return nothing;
  return isEnum(type) ? type[0] : null;
}

/**
 * All fields that are there, zeros too: of alternatives a zero says which it is.
 * @param room how many bytes to leave free at the beginning
 */
export function encode(message: Message, value: object, room = 0): Buffer {
  const writer = new Writer();
  writer.message(message, value as Value);
  return writer.finish(room);
}

/** Writes from the end to the beginning: the length of what is nested is known when it is to be written before it. */
class Writer {
  #buffer = Buffer.allocUnsafe(1000);
  #at = 1000;

  finish(room: number): Buffer {
    this.#reserve(room);
    return this.#buffer.subarray(this.#at);
  }

  message({ fields }: Message, value: Value): void {
    for (let i = fields.length - 1; i >= 0; i--) {
      const field = fields[i]!;
      const given = value[field.name];
      if (given === undefined) continue;
      if (!field.repeated) this.#field(field, given);
      else for (const item of (given as readonly unknown[]).toReversed()) this.#field(field, item);
    }
  }

  #field({ type, tag }: NamedField, value: unknown): void {
    if (type === "int64") this.#varint(value as number);
    else if (type === "bool") this.#varint(value === true ? 1 : 0);
    else if (isEnum(type)) this.#varint(type.indexOf(value as string));
    else {
      const end = this.#buffer.length - this.#at;
      if (type === "bytes") this.#bytes(value as Uint8Array);
      else if (type === "string") this.#bytes(Buffer.from(value as string));
      else this.message(type, value as Value);
      this.#varint(this.#buffer.length - this.#at - end);
    }
    this.#varint(tag);
  }

  #bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
  }

  #varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
    this.#reserve(length);
    let at = this.#at;
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 128;
    this.#buffer[at] = rest;
  }

  #reserve(length: number): void {
    if (length > this.#at) {
      const written = this.#buffer.length - this.#at;
      const grown = Buffer.allocUnsafe(written * 2 + length + 200);
      this.#buffer.copy(grown, grown.length - written, this.#at);
      this.#buffer = grown;
      this.#at = grown.length - written;
    }
    this.#at -= length;
  }
}

/** Absent fields as zero or null; unknown ones are passed over. Byte fields share the memory of `source`. @throws RangeError for what is cut short */
export function decode(message: Message, source: Buffer): unknown {
  return new Reader(source).message(message, source.length);
}

class Reader {
  readonly #source: Buffer;
  #at = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  message(message: Message, end: number): Record<string, unknown> {
    const value = message.blank();
    while (this.#at < end) {
      const tag = this.#varint();
      const field = message.field(tag >>> 3);
      if (field === undefined || field.tag !== tag) this.#skip(tag & 7);
      else if (field.repeated) (value[field.name] as unknown[]).push(this.#value(field));
      else value[field.name] = this.#value(field);
    }
    if (this.#at > end) throw cutShort();
    return value;
  }

  #value({ type }: NamedField): unknown {
    if (type === "int64") return this.#varint();
    if (type === "bool") return this.#varint() !== 0;
    if (isEnum(type)) return type[this.#varint()];
    const length = this.#varint();
    const start = this.#at;
    const end = start + length;
    if (end > this.#source.length) throw cutShort();
    if (type !== "bytes" && type !== "string") return this.message(type, end);
    this.#at = end;
    return type === "bytes" ? this.#source.subarray(start, end) : this.#source.toString("utf8", start, end);
  }

  #skip(wire: number): void {
    if (wire === varintWire) this.#varint();
    else if (wire === lengthWire) {
      const length = this.#varint();
      this.#at += length;
    } else if (wire === fixed64Wire) this.#at += 8;
    else if (wire === fixed32Wire) this.#at += 4;
    else throw new RangeError(`a protobuf message has a field of the unknown wire type ${wire}`);
  }

  /** Beyond 2^53 to the nearest number. */
  #varint(): number {
    const source = this.#source;
    let value = 0;
    let scale = 1;
    for (let at = this.#at; at < source.length; at++) {
      const byte = source[at]!;
      value += (byte & 127) * scale;
      if (byte < 128) {
        const negative = at - this.#at === 9;
        if (negative) value = this.#negative();
        this.#at = at + 1;
        return value;
      }
      scale *= 128;
    }
    throw cutShort();
  }

  /** Two's complement, in ten bytes. */
  #negative(): number {
    let value = 0n;
    for (let i = 0; i < 10; i++) value |= BigInt(this.#source[this.#at + i]! & 127) << BigInt(7 * i);
    return Number(BigInt.asIntN(64, value));
  }
}

function cutShort(): RangeError {
  return new RangeError("a protobuf message is cut short");
}
