/** IPv4 ranges. */

export interface Cidr {
  /** The first address as a number. */
  readonly base: number;
  readonly bits: number;
}

/** Reads `10.86.0.0/24`, or one address. @throws Error when it is neither */
export function parseCidr(text: string): Cidr {
  const [address = "", bitsText = "32"] = text.split("/");
  const octets = address.split(".").map(Number);
  const bits = Number(bitsText);
  const valid =
    octets.length === 4 && octets.every((n) => Number.isInteger(n) && n >= 0 && n <= 255) && bits >= 0 && bits <= 32;
  if (!valid) throw new Error(`${JSON.stringify(text)} is not an IPv4 range such as 10.86.0.0/24`);
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: number - (number % size(bits)), bits };
}

export function formatCidr({ base, bits }: Cidr): string {
  return `${formatAddress(base)}/${bits}`;
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + size(b.bits) && b.base < a.base + size(a.bits);
}

/** The address `offset` places after the range's first. @throws Error when it lies outside */
export function addressAt(cidr: Cidr, offset: number): string {
  if (offset >= size(cidr.bits)) throw new Error(`${formatCidr(cidr)} has no address number ${offset}`);
  return formatAddress(cidr.base + offset);
}

function size(bits: number): number {
  return 2 ** (32 - bits);
}
