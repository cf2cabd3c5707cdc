/** IP addresses and CIDRs as numbers; and their validation, with upstream's texts (util/validation/ip.go). No I/O. */

import { type FieldError, type FieldPath, invalidValue } from "./field-error.ts";

/** An address as a number of 32 or 128 bits, and how it was written where strict rules care. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Written as `::ffff:1.2.3.4`: an IPv4 address (as Go sees it) that strict rules refuse. */
  readonly mapped?: boolean;
  /** Written with leading zeros, which strict rules refuse. */
  readonly sloppy?: boolean;
}

/** A network, and the address that it was written with: `10.0.0.5/8`. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The network's first address: bits after the prefix are zero. */
  readonly network: bigint;
  readonly prefix: number;
  /** The address as written, host bits kept. */
  readonly address: bigint;
  readonly mapped?: boolean;
  readonly sloppy?: boolean;
}

/** Go's ParseIPSloppy: IPv4 octets may have leading zeros (decimal). Undefined when it is no address; a zone is none. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  let sloppy = false;
  for (const part of parts) {
    if (!/^\d{1,9}$/.test(part) || Number(part) > 255) return undefined;
    if (part.length > 1 && part.startsWith("0")) sloppy = true;
    value = (value << 8n) | BigInt(Number(part));
  }
  return sloppy ? { family: 4, value, sloppy } : { family: 4, value };
}

function parseIpv6(text: string): IpAddress | undefined {
  let head = text;
  let sloppy = false;
  const lastGroup = text.lastIndexOf(":") + 1;
  if (lastGroup > 0 && text.includes(".", lastGroup)) {
    const v4 = parseIpv4(text.slice(lastGroup));
    if (v4 === undefined) return undefined;
    sloppy = v4.sloppy === true;
    head = `${text.slice(0, lastGroup)}${(v4.value >> 16n).toString(16)}:${(v4.value & 0xffffn).toString(16)}`;
  }
  const groups = expandIpv6(head);
  if (groups === undefined) return undefined;
  let value = 0n;
  for (const group of groups) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    value = (value << 16n) | BigInt(Number.parseInt(group, 16));
  }
  if (value >> 32n === 0xffffn) return { family: 4, value: value & 0xffff_ffffn, mapped: true };
  return sloppy ? { family: 6, value, sloppy } : { family: 6, value };
}

function expandIpv6(text: string): string[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string) => (half === "" ? [] : half.split(":"));
  const left = groups(halves[0] ?? "");
  if (halves.length === 1) return left.length === 8 ? left : undefined;
  const right = groups(halves[1] ?? "");
  const missing = 8 - left.length - right.length;
  return missing < 1 ? undefined : [...left, ...Array<string>(missing).fill("0"), ...right];
}

/** Canonical text: dotted decimal, or RFC 5952. */
export function formatIp(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const [start, length] = longestZeros(groups);
  const hex = groups.map((g) => g.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let i = 0; i < groups.length; i++) {
    let end = i;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - i > best[1]) best = [i, end - i];
  }
  return best;
}

/** Go's ParseCIDRSloppy. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const bitsText = text.slice(slash + 1);
  if (ip === undefined || !/^\d{1,4}$/.test(bitsText)) return undefined;
  const written = Number(bitsText);
  const prefix = ip.mapped ? written - 96 : written;
  const bits = ip.family === 4 ? 32 : 128;
  if (prefix < 0 || prefix > bits) return undefined;
  const host = BigInt(bits - prefix);
  const sloppy = ip.sloppy === true || (bitsText.length > 1 && bitsText.startsWith("0"));
  return {
    family: ip.family,
    network: (ip.value >> host) << host,
    prefix,
    address: ip.value,
    ...(ip.mapped ? { mapped: true } : {}),
    ...(sloppy ? { sloppy } : {}),
  };
}

/** Canonical text: RFC 5952 for IPv6, with the network's address. */
export function formatCidr({ family, network, prefix }: Pick<Cidr, "family" | "network" | "prefix">): string {
  return `${formatIp(family, network)}/${prefix}`;
}

/** False for an address of the other family. */
export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  if (cidr.family !== ip.family) return false;
  const host = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  return ip.value >> host === cidr.network >> host;
}

function ipProblems(ip: IpAddress | undefined, strict: boolean): string[] {
  if (ip === undefined) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  if (!strict) return [];
  if (ip.sloppy) return ["must not have leading 0s"];
  return ip.mapped ? ["must not be an IPv4-mapped IPv6 address"] : [];
}

/** For new fields: strict and canonical. */
export function validateIp(value: string, at: FieldPath): FieldError[] {
  const ip = parseIp(value);
  const problems = ipProblems(ip, true);
  const canonical = ip === undefined ? value : formatIp(ip.family, ip.value);
  if (problems.length === 0 && value !== canonical) problems.push(`must be in canonical form ("${canonical}")`);
  return problems.map((why) => invalidValue(at, value, why));
}

/** For fields older than the strict rules (Service, Pod): accepts leading zeros, mapped and uncanonical addresses. */
export function validateIpLegacy(value: string, at: FieldPath): FieldError[] {
  return ipProblems(parseIp(value), false).map((why) => invalidValue(at, value, why));
}

function cidrProblems(cidr: Cidr | undefined, strict: boolean): string[] {
  if (cidr === undefined) return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
  if (!strict) return [];
  if (cidr.sloppy) return ["must not have leading 0s in IP or prefix length"];
  if (cidr.mapped) return ["must not have an IPv4-mapped IPv6 address"];
  return cidr.address === cidr.network ? [] : ["must not have bits set beyond the prefix length"];
}

/** For fields of newer APIs: no leading zeros, no bits beyond the prefix, and in canonical form. */
export function validateCidr(value: string, at: FieldPath): FieldError[] {
  const cidr = parseCidr(value);
  const problems = cidrProblems(cidr, true);
  const canonical = cidr === undefined ? value : formatCidr(cidr);
  if (problems.length === 0 && value !== canonical) problems.push(`must be in canonical form ("${canonical}")`);
  return problems.map((why) => invalidValue(at, value, why));
}

/** For fields of older APIs, which take what Go once did: leading zeros and bits beyond the prefix. */
export function validateCidrLegacy(value: string, at: FieldPath): FieldError[] {
  return cidrProblems(parseCidr(value), false).map((why) => invalidValue(at, value, why));
}
