/** Small checks that the validation of Pods, Services and workloads is made of. Each returns field errors; none means valid. */

import { isIPv4, isIPv6 } from "node:net";
import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  isValidPortName,
  isValidPortNum,
  notSupported,
  required,
} from "@kubets/apimachinery";

export const negativeMessage = "must be greater than or equal to 0";
export const notPositiveMessage = "must be greater than zero";
export const immutableMessage = "field is immutable";

/** One Invalid for each complaint. */
export function complaints(at: FieldPath, value: unknown, texts: readonly string[]): FieldError[] {
  return texts.map((text) => invalidValue(at, value, text));
}

export const dnsLabel = (at: FieldPath, value: string) => complaints(at, value, isDNS1123Label(value));
export const dnsSubdomain = (at: FieldPath, value: string) => complaints(at, value, isDNS1123Subdomain(value));
export const qualifiedName = (at: FieldPath, value: string) => complaints(at, value, isQualifiedName(value));

export function nonNegative(at: FieldPath, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(at, value, negativeMessage)] : [];
}

/** Required when it is empty, NotSupported when it is none of `supported`. */
export function oneOf(at: FieldPath, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === "") return [required(at)];
  return supportedOrAbsent(at, value, supported);
}

/** NotSupported when it is given and none of `supported`. */
export function supportedOrAbsent(
  at: FieldPath,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

/** Required when there is nothing in it. */
export function present(at: FieldPath, value: string | readonly unknown[] | undefined, why = ""): FieldError[] {
  return value === undefined || value.length === 0 ? [required(at, why)] : [];
}

/** Keys and values of a map of labels. Source: metav1 validation's ValidateLabels. */
export function labelMap(at: FieldPath, labels: Readonly<Record<string, string>> | undefined): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...qualifiedName(at, key));
    errors.push(...complaints(at, value, isValidLabelValue(value)));
  }
  return errors;
}

export function portNumber(at: FieldPath, port: number | undefined): FieldError[] {
  return complaints(at, port ?? 0, isValidPortNum(port ?? 0));
}

/** A number, or the name of a container port. */
export function portNumberOrName(at: FieldPath, port: number | string | undefined): FieldError[] {
  return typeof port === "string" ? complaints(at, port, isValidPortName(port)) : portNumber(at, port);
}

const ipMessage = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const cidrMessage = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

export function ipAddress(at: FieldPath, ip: string | undefined): FieldError[] {
  return isIPv4(ip ?? "") || isIPv6(ip ?? "") ? [] : [invalidValue(at, ip ?? "", ipMessage)];
}

export function cidr(at: FieldPath, value: string): FieldError[] {
  const [address = "", bits = "", ...rest] = value.split("/");
  const widest = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  const valid = rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= widest;
  return valid ? [] : [invalidValue(at, value, cidrMessage)];
}

/** Two addresses, one of each family. */
export function isDualStack(ips: readonly string[]): boolean {
  return ips.some((ip) => isIPv4(ip)) && ips.some((ip) => isIPv6(ip));
}

/** Refuses what leaves the directory it is relative to. */
export function noBacksteps(at: FieldPath, path: string): FieldError[] {
  return path.split("/").includes("..") ? [invalidValue(at, path, "must not contain '..'")] : [];
}

export function localDescendingPath(at: FieldPath, path: string): FieldError[] {
  const errors = path.startsWith("/") ? [invalidValue(at, path, "must be a relative path")] : [];
  return [...errors, ...noBacksteps(at, path)];
}

/** A file that a volume writes: names starting with `..` belong to the volume itself. */
export function localNonReservedPath(at: FieldPath, path: string): FieldError[] {
  const errors = localDescendingPath(at, path);
  if (path.startsWith("..") && !path.startsWith("../"))
    errors.push(invalidValue(at, path, "must not start with '..'"));
  return errors;
}

export function fileMode(at: FieldPath, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(at, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}
