/**
 * resource.Quantity: `100m`, `1.5Gi`, `2e3`. Exact, in billionths; anything finer is rounded away from zero, as upstream does.
 * Source of grammar, rounding and canonical form: apimachinery's api/resource. Quantities are immutable.
 */

/** How an amount is written: `1500m` and `2k`, `1536Ki`, or `2e3`. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

const nano = 1_000_000_000n;
const int64Max = (1n << 63n) - 1n;
/** Decimal exponents beyond this are refused: no amount needs them, and 10^n costs memory. Upstream has no such limit. */
const maxExponent = 400;
/** Longer texts are refused unread: no amount needs them, and checking one costs the square of its length. Upstream has no such limit. */
const maxLength = 1000;
const grammar = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

const decimalSuffixes = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** A text that is not a quantity. The messages are upstream's. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

/** What is said of every text that is none. */
export const malformedQuantity =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixWrong = "unable to parse quantity's suffix";

/** An exact amount, and the form it is written in. Never changes; arithmetic makes new ones. */
export class Quantity {
  static readonly zero = new Quantity(0n, "DecimalSI");

  readonly #nanos: bigint;
  readonly format: QuantityFormat;
  #text: string | undefined;

  private constructor(nanos: bigint, format: QuantityFormat, text?: string) {
    this.#nanos = nanos;
    this.format = format;
    this.#text = text;
  }

  /** @throws QuantityError with upstream's text. */
  static parse(text: string): Quantity {
    const match = text.length > maxLength ? null : grammar.exec(text);
    if (text === "" || match === null) throw new QuantityError(malformedQuantity);
    const [, sign, whole = "", fraction = "", suffix = ""] = match;
    const digits = whole.replace(/^0+/, "");
    const unit = interpretSuffix(suffix);
    if (unit === undefined) throw new QuantityError(suffixWrong);
    let nanos = scale(digits === "" ? "0" : digits, fraction, unit);
    let format = unit.format;
    if (format === "BinarySI") {
      if (nanos > int64Max * nano) nanos = int64Max * nano;
      if (nanos > 0n && nanos < nano) format = "DecimalSI";
    }
    const kept = nanos !== 0n && keepsItsText(digits, fraction, unit) ? text : undefined;
    return new Quantity(sign === "-" ? -nanos : nanos, format, kept);
  }

  /** A whole amount; a number must be an integer. */
  static of(amount: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(amount) * nano, format);
  }

  /** Thousandths: `Quantity.ofMilli(1500)` is `1500m`. */
  static ofMilli(amount: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(amount) * 1_000_000n, format);
  }

  /** Billionths, as the metrics API counts CPU. */
  static ofNano(amount: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(amount), format);
  }

  /** Whole units, rounded away from zero. Exact up to 2^53; use `bigValue` above. */
  value(): number {
    return Number(this.bigValue());
  }

  bigValue(): bigint {
    return divideUp(this.#nanos, nano);
  }

  /** Thousandths, rounded away from zero. */
  milliValue(): number {
    return Number(divideUp(this.#nanos, 1_000_000n));
  }

  /** Billionths. */
  nanoValue(): bigint {
    return this.#nanos;
  }

  /** The nearest double. */
  toNumber(): number {
    return Number(this.#nanos) / 1e9;
  }

  add(other: Quantity): Quantity {
    return new Quantity(this.#nanos + other.#nanos, this.#nanos === 0n ? other.format : this.format);
  }

  sub(other: Quantity): Quantity {
    return new Quantity(this.#nanos - other.#nanos, this.#nanos === 0n ? other.format : this.format);
  }

  mul(factor: number | bigint): Quantity {
    return new Quantity(this.#nanos * BigInt(factor), this.format);
  }

  neg(): Quantity {
    return new Quantity(-this.#nanos, this.format);
  }

  /** -1, 0 or 1. */
  cmp(other: Quantity): number {
    return this.#nanos < other.#nanos ? -1 : this.#nanos > other.#nanos ? 1 : 0;
  }

  sign(): number {
    return this.#nanos < 0n ? -1 : this.#nanos > 0n ? 1 : 0;
  }

  isZero(): boolean {
    return this.#nanos === 0n;
  }

  /** As upstream prints it: the parsed text where upstream keeps it, else the canonical form. */
  toString(): string {
    this.#text ??= canonical(this.#nanos, this.format);
    return this.#text;
  }

  toJSON(): string {
    return this.toString();
  }
}

interface Unit {
  readonly format: QuantityFormat;
  readonly base: 2 | 10;
  readonly exponent: number;
}

function interpretSuffix(suffix: string): Unit | undefined {
  const decimal = decimalSuffixes.get(suffix);
  if (decimal !== undefined) return { format: "DecimalSI", base: 10, exponent: decimal };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { format: "BinarySI", base: 2, exponent: binary * 10 };
  if (!/^[eE][-+]?\d+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > maxExponent) return undefined;
  return { format: "DecimalExponent", base: 10, exponent };
}

/** `digits.fraction` in `unit`, in billionths, rounded up. */
function scale(digits: string, fraction: string, unit: Unit): bigint {
  const unscaled = BigInt(digits + fraction) * (unit.base === 2 ? 1n << BigInt(unit.exponent) : 1n);
  const power = (unit.base === 10 ? unit.exponent : 0) - fraction.length + 9;
  return power >= 0 ? unscaled * 10n ** BigInt(power) : divideUp(unscaled, 10n ** BigInt(-power));
}

/** Upstream's parser remembers the text when its fast path holds and the text looks canonical; such text goes back on the wire unchanged. */
function keepsItsText(digits: string, fraction: string, unit: Unit): boolean {
  const shifted = (digits === "" ? "0" : digits) + fraction;
  if (unit.base === 2) {
    const fits = 15 - digits.length - Math.trunc((unit.exponent * 3) / 10) - 1 >= 0;
    return fits && fraction === "" && (BigInt(shifted) & 7n) !== 0n;
  }
  const power = unit.exponent - fraction.length;
  return shifted.length <= 18 && power >= -9 && power % 3 === 0 && !shifted.endsWith("000") && shifted[0] !== "0";
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

function canonical(nanos: bigint, format: QuantityFormat): string {
  if (nanos === 0n) return "0";
  const magnitude = nanos < 0n ? -nanos : nanos;
  if (format === "BinarySI" && magnitude >= 1024n * nano && nanos % nano === 0n) return canonicalBinary(nanos / nano);
  let mantissa = nanos;
  let exponent = -9;
  const highest = format === "DecimalExponent" ? Number.POSITIVE_INFINITY : 18;
  while (exponent < highest && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format !== "DecimalExponent") return `${mantissa}${decimalSuffixOf.get(exponent)}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

function canonicalBinary(value: bigint): string {
  let mantissa = value;
  let step = 0;
  while (step < binarySuffixes.length - 1 && mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    step++;
  }
  return `${mantissa}${binarySuffixes[step]}`;
}

const cache = new Map<string, Quantity>();
const cacheLimit = 4096;

/**
 * {@link Quantity.parse} with a memory, for the few texts that every pod repeats. A number, which JSON allows, is read as its text.
 * @throws QuantityError
 */
export function parseQuantity(text: string | number | bigint): Quantity {
  const key = typeof text === "string" ? text : String(text);
  let parsed = cache.get(key);
  if (parsed === undefined) {
    parsed = Quantity.parse(key);
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(key, parsed);
  }
  return parsed;
}

/** Undefined instead of an error. */
export function tryParseQuantity(text: unknown): Quantity | undefined {
  if (typeof text !== "string" && typeof text !== "number" && typeof text !== "bigint") return undefined;
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}
