/**
 * CEL's values. Plain ones are JavaScript's own: null, boolean, bigint (int), number (double), string, Uint8Array (bytes). The others are
 * classes here. Lists and maps of JSON are views of it: nothing is copied, and an element becomes a value when it is read.
 */

import { costExceeded } from "./cel-error.ts";
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  optionalType,
  stringType,
  type Type,
  timestampType,
  typeType,
  uintType,
} from "./types.ts";

export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Duration
  | Timestamp
  | List
  | MapValue
  | TypeValue
  | Optional
  | Opaque;

/** The range of an int, which is a bigint here. */
export const minInt = -(1n << 63n);
export const maxInt = (1n << 63n) - 1n;
export const maxUint = (1n << 64n) - 1n;

/** Kept apart from int, which is a bigint: 1u and 1 are of different types. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** google.protobuf.Duration: a length of time, which may be negative. */
export class Duration {
  /** Fits in an int64, about 292 years. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** google.protobuf.Timestamp: a moment. */
export class Timestamp {
  /** Since 1970 UTC; the years 1 to 9999. */
  readonly nanos: bigint;
  /** Of the text it came from; it is written with the same. */
  readonly offsetMinutes: number;

  constructor(nanos: bigint, offsetMinutes = 0) {
    this.nanos = nanos;
    this.offsetMinutes = offsetMinutes;
  }
}

/** A type as a value: `type(1)`, `int`. */
export class TypeValue {
  readonly type: Type;

  constructor(type: Type) {
    this.type = type;
  }
}

/** A value that may not be there: what `a.?b` gives. */
export class Optional {
  static readonly none = new Optional(undefined);
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A value only functions look into: a Quantity, a URL, an Authorizer. */
export abstract class Opaque {
  abstract readonly type: Type;
  equals(other: CelValue): boolean {
    return this === other;
  }
  /** Its size where it has one, for the cost of what is done with it. */
  get size(): number {
    return 1;
  }
}

/** A list as expressions see it. Lists over objects make their elements only when they are asked for. */
export abstract class List {
  abstract readonly size: number;
  abstract at(index: number): CelValue;
  /** Of lists from schemas: equality and addition go by it. */
  get merge(): Type["merge"] {
    return undefined;
  }

  *[Symbol.iterator](): Iterator<CelValue> {
    for (let i = 0; i < this.size; i++) yield this.at(i);
  }
}

/** Of values that are there: what an expression made. */
export class ArrayList extends List {
  readonly items: CelValue[];

  constructor(items: CelValue[]) {
    super();
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  at(index: number): CelValue {
    return this.items[index]!;
  }

  override [Symbol.iterator](): Iterator<CelValue> {
    return this.items[Symbol.iterator]();
  }
}

/** Lists longer than this are made by doubling, to no end. */
const longestList = 4_000_000;

/** Two lists behind one another, not copied: adding lists costs 1, whatever their size. */
export class ConcatenatedList extends List {
  readonly size: number;
  readonly #first: List;
  readonly #second: List;

  /** @throws CelError when it would be absurdly long */
  constructor(first: List, second: List) {
    super();
    this.size = first.size + second.size;
    if (this.size > longestList) throw costExceeded();
    this.#first = first;
    this.#second = second;
  }

  at(index: number): CelValue {
    const { size } = this.#first;
    return index < size ? this.#first.at(index) : this.#second.at(index - size);
  }
}

/** Maps, and objects with declared fields: both are looked up by key. */
export abstract class MapValue {
  abstract readonly size: number;
  abstract find(key: CelValue): CelValue | undefined;
  abstract keys(): Iterable<CelValue>;
  /** Of an object that expressions made or that has declared fields. */
  get type(): Type {
    return mapType(dynType, dynType);
  }
  /** `find` where the key is known to be a string. */
  field(name: string): CelValue | undefined {
    return this.find(name);
  }
}

/** A map made by an expression. */
export class NativeMap extends MapValue {
  readonly #entries = new Map<unknown, { key: CelValue; value: CelValue }>();

  get size(): number {
    return this.#entries.size;
  }

  find(key: CelValue): CelValue | undefined {
    return this.#entries.get(hashKey(key))?.value;
  }

  /** @returns false when the key is there already */
  insert(key: CelValue, value: CelValue): boolean {
    const hash = hashKey(key);
    if (this.#entries.has(hash)) return false;
    this.#entries.set(hash, { key, value });
    return true;
  }

  /** The later of two entries with one key stays. */
  set(key: CelValue, value: CelValue): void {
    this.#entries.set(hashKey(key), { key, value });
  }

  *keys(): Iterable<CelValue> {
    for (const { key } of this.#entries.values()) yield key;
  }
}

/** Equal numbers of different types are one key; a double that is no integer is itself. */
export function hashKey(key: CelValue): unknown {
  if (key instanceof Uint) return key.value;
  if (typeof key === "number" && Number.isInteger(key)) return BigInt(key);
  return key;
}

/** An object whose fields are found out when they are first asked for: a policy's `variables`. */
export class LazyObject extends MapValue {
  readonly #fields: ReadonlyMap<string, () => CelValue>;
  readonly #type: Type;
  readonly #known = new Map<string, CelValue>();

  /** A field's function gives a value, or throws CelError or Suspended. Once it has given one it is not asked again. */
  constructor(type: Type, fields: ReadonlyMap<string, () => CelValue>) {
    super();
    this.#type = type;
    this.#fields = fields;
  }

  override get type(): Type {
    return this.#type;
  }

  get size(): number {
    return this.#fields.size;
  }

  find(key: CelValue): CelValue | undefined {
    return typeof key === "string" ? this.field(key) : undefined;
  }

  override field(name: string): CelValue | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const make = this.#fields.get(name);
    if (make === undefined) return undefined;
    const value = make();
    this.#known.set(name, value);
    return value;
  }

  keys(): Iterable<CelValue> {
    return this.#fields.keys();
  }
}

/** An object an expression made: `Object{spec: Object.spec{...}}`. */
export class ObjectValue extends MapValue {
  readonly #type: Type;
  readonly fields: ReadonlyMap<string, CelValue>;

  constructor(type: Type, fields: ReadonlyMap<string, CelValue>) {
    super();
    this.#type = type;
    this.fields = fields;
  }

  override get type(): Type {
    return this.#type;
  }

  get size(): number {
    return this.fields.size;
  }

  find(key: CelValue): CelValue | undefined {
    return typeof key === "string" ? this.fields.get(key) : undefined;
  }

  keys(): Iterable<CelValue> {
    return this.fields.keys();
  }
}

/** The type as `type()` gives it: without what is in a list or a map. */
export function typeOf(value: CelValue): Type {
  if (value === null) return nullType;
  switch (typeof value) {
    case "boolean":
      return boolType;
    case "bigint":
      return intType;
    case "number":
      return doubleType;
    case "string":
      return stringType;
  }
  if (value instanceof Uint8Array) return bytesType;
  if (value instanceof Uint) return uintType;
  if (value instanceof Duration) return durationType;
  if (value instanceof Timestamp) return timestampType;
  if (value instanceof List) return listType(dynType);
  if (value instanceof MapValue) return value instanceof ObjectValue ? value.type : mapType(dynType, dynType);
  if (value instanceof TypeValue) return typeType(value.type);
  if (value instanceof Optional) return optionalType(dynType);
  return value.type;
}
