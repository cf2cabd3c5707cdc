/** IPv4 ranges of this machine. */

import { type Cidr, formatCidr, formatIp, parseCidr as parseAnyCidr } from "@kubets/apimachinery";

export { type Cidr, formatCidr };

/** Reads `10.86.0.0/24`, or one address. @throws Error when it is neither */
export function parseCidr(text: string): Cidr {
  const cidr = parseAnyCidr(text.includes("/") ? text : `${text}/32`);
  if (cidr?.family !== 4) throw new Error(`${JSON.stringify(text)} is not an IPv4 range such as 10.86.0.0/24`);
  return cidr;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.network < b.network + size(b) && b.network < a.network + size(a);
}

/** The address `offset` places after the range's first. @throws Error when it lies outside */
export function addressAt(cidr: Cidr, offset: number): string {
  if (offset >= size(cidr)) throw new Error(`${formatCidr(cidr)} has no address number ${offset}`);
  return formatIp(4, cidr.network + BigInt(offset));
}

function size({ prefix }: Cidr): bigint {
  return 1n << BigInt(32 - prefix);
}
