/** `ip(...)` and `cidr(...)`. Source: k8s.io/apiserver/pkg/cel/library/ip.go, cidr.go. */

import { type Cidr, cidrContains, formatIp, type IpAddress, parseCidr, parseIp } from "@kubets/apimachinery";
import { CelError } from "../cel-error.ts";
import { opaqueType } from "../types.ts";
import { type CelValue, Opaque } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

const ipType = opaqueType("net.IP");
const cidrType = opaqueType("net.CIDR");

class IpValue extends Opaque {
  readonly type = ipType;
  readonly address: Pick<IpAddress, "family" | "value">;

  constructor(address: Pick<IpAddress, "family" | "value">) {
    super();
    this.address = address;
  }

  /** Bytes. */
  override get size(): number {
    return this.address.family === 4 ? 4 : 16;
  }

  override equals(other: CelValue): boolean {
    const { family, value } = this.address;
    return other instanceof IpValue && other.address.family === family && other.address.value === value;
  }
}

export class CidrValue extends Opaque {
  readonly type = cidrType;
  readonly cidr: Cidr;

  constructor(cidr: Cidr) {
    super();
    this.cidr = cidr;
  }

  /** Bytes of the prefix. */
  override get size(): number {
    return Math.ceil(this.cidr.prefix / 8);
  }

  override equals(other: CelValue): boolean {
    if (!(other instanceof CidrValue)) return false;
    const { family, address, prefix } = this.cidr;
    return other.cidr.family === family && other.cidr.address === address && other.cidr.prefix === prefix;
  }
}

function readIp(text: string): IpValue | string {
  const [plain = "", zone] = text.split("%", 2);
  const address = parseIp(plain);
  if (address === undefined || address.sloppy) {
    const why = `ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
    return `IP Address ${JSON.stringify(text)} parse error during conversion from string: ${why}`;
  }
  if (zone !== undefined) return `IP address ${JSON.stringify(text)} with zone value is not allowed`;
  if (address.mapped) return `IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`;
  return new IpValue(address);
}

function readCidr(text: string): CidrValue | string {
  const error = "network address parse error during conversion from string";
  const cidr = parseCidr(text);
  if (cidr === undefined || cidr.sloppy) return `${error}: ${error}: netip.ParsePrefix(${JSON.stringify(text)})`;
  if (cidr.mapped) return `${error}: IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`;
  return new CidrValue(cidr);
}

function orThrow<T extends Opaque>(read: T | string): T {
  if (typeof read === "string") throw new CelError(read);
  return read;
}

const toIp = (text: string): IpValue => orThrow(readIp(text));
const toCidr = (text: string): CidrValue => orThrow(readCidr(text));

function ipText({ address }: IpValue): string {
  return formatIp(address.family, address.value);
}

/** The top bits of an address. */
function top({ address }: IpValue, bits: number): bigint {
  return address.value >> BigInt((address.family === 4 ? 32 : 128) - bits);
}

function isLoopback(ip: IpValue): boolean {
  return ip.address.family === 4 ? top(ip, 8) === 127n : ip.address.value === 1n;
}

function isLinkLocalMulticast(ip: IpValue): boolean {
  if (ip.address.family === 4) return top(ip, 24) === 0xe0_00_00n;
  return (top(ip, 16) & 0xff0fn) === 0xff02n;
}

function isLinkLocalUnicast(ip: IpValue): boolean {
  return ip.address.family === 4 ? top(ip, 16) === 0xa9fen : top(ip, 10) === 0x3fan;
}

function isMulticast(ip: IpValue): boolean {
  return ip.address.family === 4 ? top(ip, 4) === 0xen : top(ip, 8) === 0xffn;
}

function isGlobalUnicast(ip: IpValue): boolean {
  const { family, value } = ip.address;
  if (value === 0n || (family === 4 && value === 0xffff_ffffn)) return false;
  return !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip);
}

function containsIp({ cidr }: CidrValue, { address }: IpValue): boolean {
  return cidr.family === address.family && cidrContains(cidr, address);
}

function containsCidr(outer: CidrValue, { cidr }: CidrValue): boolean {
  if (cidr.family !== outer.cidr.family || outer.cidr.prefix > cidr.prefix) return false;
  return cidrContains(outer.cidr, { family: cidr.family, value: cidr.network });
}

function masked({ cidr }: CidrValue): CidrValue {
  return new CidrValue({ family: cidr.family, network: cidr.network, prefix: cidr.prefix, address: cidr.network });
}

const ipTests: readonly [name: string, id: string, holds: (ip: IpValue) => boolean][] = [
  ["isUnspecified", "ip_is_unspecified", ({ address }) => address.value === 0n],
  ["isLoopback", "ip_is_loopback", isLoopback],
  ["isLinkLocalMulticast", "ip_is_link_local_multicast", isLinkLocalMulticast],
  ["isLinkLocalUnicast", "ip_is_link_local_unicast", isLinkLocalUnicast],
  ["isGlobalUnicast", "ip_is_global_unicast", isGlobalUnicast],
];

export const networkFunctions: readonly Overload[] = [
  overload("ip", "string_to_ip", "(string): net.IP", toIp),
  overload("family", "ip_family", "net.IP.(): int", ({ address }: IpValue) => BigInt(address.family)),
  overload("ip.isCanonical", "ip_is_canonical", "(string): bool", (text: string) => ipText(toIp(text)) === text),
  overload("isIP", "is_ip", "(string): bool", (text: string) => typeof readIp(text) !== "string"),
  overload("string", "ip_to_string", "(net.IP): string", ipText),
  ...ipTests.map(([name, id, holds]) => overload(name, id, "net.IP.(): bool", holds)),
  overload("cidr", "string_to_cidr", "(string): net.CIDR", toCidr),
  overload("containsIP", "cidr_contains_ip_string", "net.CIDR.(string): bool", (cidr: CidrValue, text: string) =>
    containsIp(cidr, toIp(text)),
  ),
  overload("containsIP", "cidr_contains_ip_ip", "net.CIDR.(net.IP): bool", containsIp),
  overload("containsCIDR", "cidr_contains_cidr_string", "net.CIDR.(string): bool", (cidr: CidrValue, text: string) =>
    containsCidr(cidr, toCidr(text)),
  ),
  overload("containsCIDR", "cidr_contains_cidr", "net.CIDR.(net.CIDR): bool", containsCidr),
  overload(
    "ip",
    "cidr_ip",
    "net.CIDR.(): net.IP",
    ({ cidr }: CidrValue) => new IpValue({ family: cidr.family, value: cidr.address }),
  ),
  overload("prefixLength", "cidr_prefix_length", "net.CIDR.(): int", ({ cidr }: CidrValue) => BigInt(cidr.prefix)),
  overload("masked", "cidr_masked", "net.CIDR.(): net.CIDR", masked),
  overload("isCIDR", "is_cidr", "(string): bool", (text: string) => typeof readCidr(text) !== "string"),
  overload(
    "string",
    "cidr_to_string",
    "(net.CIDR): string",
    ({ cidr }: CidrValue) => `${formatIp(cidr.family, cidr.address)}/${cidr.prefix}`,
  ),
];
