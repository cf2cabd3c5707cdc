/** Ranges of equal size within a range: which are taken. Addresses of both families as big integers. */

import { isIPv4, isIPv6 } from "node:net";

export interface Cidr {
  readonly address: bigint;
  readonly prefix: number;
  /** 32 or 128. */
  readonly bits: number;
}

/** @throws RangeError for text that is not a CIDR. Host bits are cleared. */
export function parseCidr(text: string): Cidr {
  const [host = "", length = ""] = text.split("/");
  const bits = isIPv4(host) ? 32 : isIPv6(host) ? 128 : 0;
  const prefix = Number(length);
  if (bits === 0 || !/^[0-9]+$/.test(length) || prefix > bits) throw new RangeError(`invalid CIDR address: ${text}`);
  const address = bits === 32 ? parseIPv4(host) : parseIPv6(host);
  const shift = BigInt(bits - prefix);
  return { address: (address >> shift) << shift, prefix, bits };
}

export function formatCidr({ address, prefix, bits }: Cidr): string {
  return `${bits === 32 ? formatIPv4(address) : formatIPv6(address)}/${prefix}`;
}

function parseIPv4(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(Number(part)), 0n);
}

function parseIPv6(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const words = (part: string | undefined) => (part ? part.split(":") : []);
  const [left, right] = [words(head), words(tail)];
  const last = right.at(-1) ?? left.at(-1);
  const list = [
    ...left,
    ...Array<string>(tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)).fill("0"),
    ...right,
  ];
  if (last?.includes(".")) throw new RangeError(`IPv4 within IPv6 is not a range of pods: ${text}`);
  return list.reduce((sum, word) => (sum << 16n) | BigInt(`0x${word}`), 0n);
}

function formatIPv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join(".");
}

function formatIPv6(address: bigint): string {
  const words = Array.from({ length: 8 }, (_, at) => ((address >> BigInt(112 - 16 * at)) & 0xffffn).toString(16));
  // The longest run of zeros, the first of equals, is left out.
  let best = { at: 0, length: 0 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (words[at + length] === "0") length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length < 2) return words.join(":");
  return `${words.slice(0, best.at).join(":")}::${words.slice(best.at + best.length).join(":")}`;
}

export class CidrSetFullError extends Error {
  override readonly name = "CidrSetFullError";
}

export class CidrSet {
  readonly #cluster: Cidr;
  readonly #prefix: number;
  readonly #size: number;
  readonly #taken = new Set<number>();
  /** Where to look next: ranges are reused as late as possible. */
  #next = 0;

  /** @throws RangeError when the parts are larger than the whole, or too many to count. */
  constructor(clusterCidr: string, nodeMaskSize: number) {
    this.#cluster = parseCidr(clusterCidr);
    this.#prefix = nodeMaskSize;
    const extra = nodeMaskSize - this.#cluster.prefix;
    if (extra < 0 || nodeMaskSize > this.#cluster.bits)
      throw new RangeError(`node mask /${nodeMaskSize} does not fit into ${clusterCidr}`);
    if (extra > 16) throw new RangeError(`node mask /${nodeMaskSize} is more than 16 bits longer than ${clusterCidr}`);
    this.#size = 2 ** extra;
  }

  /** @throws CidrSetFullError */
  allocate(): string {
    for (let tried = 0; tried < this.#size; tried++) {
      const at = (this.#next + tried) % this.#size;
      if (this.#taken.has(at)) continue;
      this.#taken.add(at);
      this.#next = (at + 1) % this.#size;
      return this.#at(at);
    }
    throw new CidrSetFullError(
      "CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range",
    );
  }

  occupy(cidr: string): void {
    for (const at of this.#indexes(cidr)) this.#taken.add(at);
  }

  release(cidr: string): void {
    for (const at of this.#indexes(cidr)) this.#taken.delete(at);
  }

  #at(index: number): string {
    const address = this.#cluster.address + (BigInt(index) << BigInt(this.#cluster.bits - this.#prefix));
    return formatCidr({ address, prefix: this.#prefix, bits: this.#cluster.bits });
  }

  /** The parts a range covers; none when it lies outside. */
  #indexes(text: string): number[] {
    const cidr = parseCidr(text);
    if (cidr.bits !== this.#cluster.bits) return [];
    const shift = BigInt(this.#cluster.bits - this.#prefix);
    const first = (cidr.address - this.#cluster.address) >> shift;
    const count = cidr.prefix >= this.#prefix ? 1 : 2 ** Math.min(this.#prefix - cidr.prefix, 16);
    const indexes = Array.from({ length: count }, (_, at) => Number(first) + at);
    return indexes.filter((at) => at >= 0 && at < this.#size);
  }
}
