/** Ranges of equal size within a range: which are taken. Addresses of both families as big integers. */

import { type Cidr, formatCidr, parseCidr } from "@kubets/apimachinery";

/** @throws RangeError for text that is not a CIDR. Host bits are cleared. */
export function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`invalid CIDR address: ${text}`);
  return cidr;
}

/** The number of bits of an address. */
function bitsOf({ family }: Cidr): number {
  return family === 4 ? 32 : 128;
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
    this.#cluster = cidrOf(clusterCidr);
    this.#prefix = nodeMaskSize;
    const extra = nodeMaskSize - this.#cluster.prefix;
    if (extra < 0 || nodeMaskSize > bitsOf(this.#cluster))
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
    const network = this.#cluster.network + (BigInt(index) << BigInt(bitsOf(this.#cluster) - this.#prefix));
    return formatCidr({ family: this.#cluster.family, network, prefix: this.#prefix });
  }

  /** The parts a range covers; none when it lies outside. */
  #indexes(text: string): number[] {
    const cidr = cidrOf(text);
    if (cidr.family !== this.#cluster.family) return [];
    const shift = BigInt(bitsOf(this.#cluster) - this.#prefix);
    const first = (cidr.network - this.#cluster.network) >> shift;
    const count = cidr.prefix >= this.#prefix ? 1 : 2 ** Math.min(this.#prefix - cidr.prefix, 16);
    const indexes = Array.from({ length: count }, (_, at) => Number(first) + at);
    return indexes.filter((at) => at >= 0 && at < this.#size);
  }
}
