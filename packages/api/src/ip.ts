/** Validation of addresses, with upstream's texts. */

import { isIP, isIPv4, isIPv6 } from "node:net";
import { type FieldError, type FieldPath, invalidValue } from "@kubets/apimachinery";

/** Any address. */
export function validateIP(text: string, at: FieldPath): FieldError[] {
  if (isIP(text) !== 0) return [];
  return [invalidValue(at, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
}

export function validateIPv4(text: string, at: FieldPath): FieldError[] {
  return isIPv4(text) ? [] : [invalidValue(at, text, "must be a valid IPv4 address")];
}

export function validateIPv6(text: string, at: FieldPath): FieldError[] {
  return isIPv6(text) ? [] : [invalidValue(at, text, "must be a valid IPv6 address")];
}

/** `10.0.0.0/8`, `2001:db8::/64`. */
export function validateCIDR(text: string, at: FieldPath): FieldError[] {
  if (parseCIDR(text) !== undefined) return [];
  return [invalidValue(at, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
}

/** The address, its family and the prefix length; undefined when it is no CIDR. */
export function parseCIDR(text: string): { address: string; family: 4 | 6; prefix: number } | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? "";
  const family = isIP(address);
  const prefix = Number(match?.[2]);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return undefined;
  return { address, family: family as 4 | 6, prefix };
}

/** An address that may stand for an endpoint or an external IP: not unspecified, loopback or link-local. */
export function validateEndpointIP(text: string, at: FieldPath): FieldError[] {
  if (isIP(text) === 0) return [invalidValue(at, text, "must be a valid IP address")];
  const complaint = specialAddress(text);
  return complaint === undefined ? [] : [invalidValue(at, text, complaint)];
}

function specialAddress(text: string): string | undefined {
  const address = text.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
  const v4 = isIPv4(address);
  const groups = v4 ? [] : expandIPv6(address);
  const is = (v4Test: RegExp, v6Test: boolean) => (v4 ? v4Test.test(address) : v6Test);
  const zeros = groups.slice(0, 7).every((group) => group === 0);
  if (is(/^0\.0\.0\.0$/, zeros && groups[7] === 0)) return `may not be unspecified (${text})`;
  if (is(/^127\./, zeros && groups[7] === 1)) return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
  if (is(/^169\.254\./, ((groups[0] ?? 0) & 0xffc0) === 0xfe80)) {
    return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
  }
  if (is(/^224\.0\.0\./, ((groups[0] ?? 0) & 0xff0f) === 0xff02)) {
    return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
  }
  return undefined;
}

/** The eight groups of an IPv6 address known to be valid. */
function expandIPv6(text: string): number[] {
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((n) => n.toString(16)).join(":"),
  );
  const [head = "", tail] = plain.split("::");
  const groupsOf = (part: string) => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const start = groupsOf(head);
  if (tail === undefined) return start;
  const end = groupsOf(tail);
  return [...start, ...new Array<number>(8 - start.length - end.length).fill(0), ...end];
}
