/** Which ServiceCIDRs hold an address or a range. Source: pkg/api/servicecidr. Pure. */

import type { ServiceCIDR } from "@kubets/api";
import { type Cidr, cidrContains, type IpAddress, parseCidr } from "@kubets/apimachinery";

export function rangesOf({ spec }: ServiceCIDR): Cidr[] {
  return (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []);
}

/** Two ranges have addresses in common: one is in the other. */
function overlap(a: Cidr, b: Cidr): boolean {
  const [wider, narrower] = a.prefix <= b.prefix ? [a, b] : [b, a];
  return cidrContains(wider, { family: narrower.family, value: narrower.network });
}

/** Those that `range` has addresses in common with. */
export function overlapping(all: readonly ServiceCIDR[], range: Cidr): ServiceCIDR[] {
  return all.filter((each) => rangesOf(each).some((other) => overlap(other, range)));
}

/** Those that have all of `range`. */
export function containing(all: readonly ServiceCIDR[], range: Cidr): ServiceCIDR[] {
  return all.filter((each) => rangesOf(each).some((other) => other.prefix <= range.prefix && overlap(other, range)));
}

/** Those that could give this address to a Service: not the first of a range, nor the last of an IPv4 one. */
export function holding(all: readonly ServiceCIDR[], address: IpAddress): ServiceCIDR[] {
  return all.filter((each) => rangesOf(each).some((range) => canGive(range, address)));
}

function canGive(range: Cidr, address: IpAddress): boolean {
  if (!cidrContains(range, address)) return false;
  const host = BigInt((range.family === 4 ? 32 : 128) - range.prefix);
  const last = range.network + (1n << host) - 1n;
  return address.value !== range.network && (range.family === 6 || address.value !== last);
}
