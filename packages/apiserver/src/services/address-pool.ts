/** Service addresses and node ports: which are taken, and a free one when any will do. In memory; what is stored says what is taken. */

import { type Cidr, cidrContains, formatCidr, formatIp, parseCidr, parseIp } from "@kubets/apimachinery";

/** Why one cannot be had; the texts are upstream's. */
export class AllocationError extends Error {}

/** Numbers from `first` to `last`, of which some are taken. What is free is looked for from a random place, in the upper band first. */
class NumberPool {
  readonly #first: bigint;
  readonly #size: bigint;
  /** The lower part, left to those who ask for a number of their own (KEP-3070, KEP-3668). */
  readonly #staticBand: bigint;
  readonly #taken: Set<bigint>;
  readonly #random: () => number;

  /** @param taken may be shared with pools that overlap this one */
  constructor(first: bigint, last: bigint, staticBand: bigint, random: () => number, taken = new Set<bigint>()) {
    this.#taken = taken;
    this.#first = first;
    this.#size = last - first + 1n;
    this.#staticBand = staticBand < this.#size ? staticBand : 0n;
    this.#random = random;
  }

  get size(): bigint {
    return this.#size;
  }

  contains(value: bigint): boolean {
    return value >= this.#first && value < this.#first + this.#size;
  }

  isTaken(value: bigint): boolean {
    return this.#taken.has(value);
  }

  take(value: bigint): void {
    this.#taken.add(value);
  }

  release(value: bigint): void {
    this.#taken.delete(value);
  }

  /** Takes a free one; undefined when there is none. */
  takeAny(): bigint | undefined {
    const upper = this.#freeIn(this.#staticBand, this.#size - this.#staticBand);
    const found = upper ?? this.#freeIn(0n, this.#staticBand);
    if (found !== undefined) this.#taken.add(found);
    return found;
  }

  #freeIn(offset: bigint, length: bigint): bigint | undefined {
    if (length <= 0n) return undefined;
    const start = BigInt(Math.floor(this.#random() * Number(length)));
    // More steps than there are taken numbers always meet a free one.
    const steps = length < BigInt(this.#taken.size) + 1n ? length : BigInt(this.#taken.size) + 1n;
    for (let i = 0n; i < steps; i++) {
      const value = this.#first + offset + ((start + i) % length);
      if (!this.#taken.has(value)) return value;
    }
    return undefined;
  }
}

export class IpPool {
  readonly family: "IPv4" | "IPv6";
  readonly #cidr: Cidr;
  readonly #numbers: NumberPool;

  /**
   * @param taken the addresses that are taken, of this and of other pools
   * @throws Error for text that is no CIDR, or one too small
   */
  constructor(cidr: string, random: () => number, taken: Set<bigint>) {
    const parsed = parseCidr(cidr);
    if (parsed === undefined)
      throw new Error(`service CIDR ${JSON.stringify(cidr)} is not a CIDR such as 10.96.0.0/12`);
    this.#cidr = parsed;
    this.family = parsed.family === 4 ? "IPv4" : "IPv6";
    const total = 1n << BigInt((parsed.family === 4 ? 32 : 128) - parsed.prefix);
    if (total < 4n) throw new Error(`service CIDR ${cidr} has no room for Services; use a shorter prefix`);
    // The network's own address is nobody's; of IPv4's, neither is the broadcast address.
    const last = parsed.network + total - (parsed.family === 4 ? 2n : 1n);
    const band = clamp(total / 16n, 16n, 256n);
    this.#numbers = new NumberPool(parsed.network + 1n, last, band, random, taken);
  }

  get cidr(): string {
    return formatCidr(this.#cidr);
  }

  /** The address of the `kubernetes` Service. */
  get first(): string {
    return formatIp(this.#cidr.family, this.#cidr.network + 1n);
  }

  /** @throws AllocationError */
  take(ip: string): void {
    const address = parseIp(ip);
    if (address === undefined || !cidrContains(this.#cidr, address) || !this.#numbers.contains(address.value)) {
      throw new AllocationError(
        `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.cidr}`,
      );
    }
    if (this.#numbers.isTaken(address.value)) throw new AllocationError("provided IP is already allocated");
    this.#numbers.take(address.value);
  }

  /** @throws AllocationError */
  takeAny(): string {
    const value = this.#numbers.takeAny();
    if (value === undefined) throw new AllocationError("range is full");
    return formatIp(this.#cidr.family, value);
  }

  isTaken(ip: string): boolean {
    const address = parseIp(ip);
    return address !== undefined && this.#numbers.isTaken(address.value);
  }

  /** Whether the address is of this range, if perhaps not to be had. */
  covers(ip: string): boolean {
    const address = parseIp(ip);
    return address !== undefined && cidrContains(this.#cidr, address);
  }
}

/** `30000-32767`, with what is taken of it. */
export class PortPool {
  readonly first: number;
  readonly size: number;
  readonly #numbers: NumberPool;
  readonly #range: string;

  /** @throws Error for what is no range of ports */
  constructor(range: string, random: () => number) {
    const match = /^(\d{1,5})-(\d{1,5})$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || first > last || last > 65535 || first < 1) {
      throw new Error(`node port range ${JSON.stringify(range)} is not a range such as 30000-32767`);
    }
    this.#range = range;
    this.first = first;
    this.size = last - first + 1;
    const size = BigInt(this.size);
    this.#numbers = new NumberPool(BigInt(first), BigInt(last), clamp(size / 32n, 16n, 128n), random);
  }

  /** @throws AllocationError */
  take(port: number): void {
    if (!this.#numbers.contains(BigInt(port))) {
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${this.#range}`);
    }
    if (this.#numbers.isTaken(BigInt(port))) throw new AllocationError("provided port is already allocated");
    this.#numbers.take(BigInt(port));
  }

  /** @throws AllocationError */
  takeAny(): number {
    const value = this.#numbers.takeAny();
    if (value === undefined) throw new AllocationError("range is full");
    return Number(value);
  }

  isTaken(port: number): boolean {
    return this.#numbers.isTaken(BigInt(port));
  }

  release(port: number): void {
    this.#numbers.release(BigInt(port));
  }

  mark(port: number): void {
    if (this.#numbers.contains(BigInt(port))) this.#numbers.take(BigInt(port));
  }
}

function clamp(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
