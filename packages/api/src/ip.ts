/** What some kinds ask of addresses beyond being one, with upstream's texts. */

import { cidrContains, type FieldError, type FieldPath, invalidValue, parseCidr, parseIp } from "@kubets/apimachinery";

export function validateIPv4(text: string, at: FieldPath): FieldError[] {
  return parseIp(text)?.family === 4 ? [] : [invalidValue(at, text, "must be a valid IPv4 address")];
}

export function validateIPv6(text: string, at: FieldPath): FieldError[] {
  return parseIp(text)?.family === 6 ? [] : [invalidValue(at, text, "must be a valid IPv6 address")];
}

const specialRanges: readonly (readonly [complaint: string, ...ranges: string[]])[] = [
  ["may not be in the loopback range (127.0.0.0/8, ::1/128)", "127.0.0.0/8", "::1/128"],
  ["may not be in the link-local range (169.254.0.0/16, fe80::/10)", "169.254.0.0/16", "fe80::/10"],
  ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)", "224.0.0.0/24", "ff02::/16"],
];

/** An address that may stand for an endpoint or an external IP: not unspecified, loopback or link-local. */
export function validateEndpointIP(text: string, at: FieldPath): FieldError[] {
  const address = parseIp(text);
  if (address === undefined) return [invalidValue(at, text, "must be a valid IP address")];
  if (address.value === 0n) return [invalidValue(at, text, `may not be unspecified (${text})`)];
  const isIn = (range: string) => {
    const cidr = parseCidr(range);
    return cidr !== undefined && cidrContains(cidr, address);
  };
  const special = specialRanges.find(([, ...ranges]) => ranges.some(isIn));
  return special === undefined ? [] : [invalidValue(at, text, special[0])];
}
