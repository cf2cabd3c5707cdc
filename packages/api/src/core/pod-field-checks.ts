/** Small checks that the validation of Pods, Services and workloads is made of. Each returns field errors; none means valid. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  isDNS1123Subdomain,
  isQualifiedName,
  isValidPortName,
  isValidPortNum,
  notSupported,
  parseIp,
  required,
  validateIpLegacy,
} from "@kubets/apimachinery";

export const negativeMessage = "must be greater than or equal to 0";
export const notPositiveMessage = "must be greater than zero";

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

export function portNumber(at: FieldPath, port: number | undefined): FieldError[] {
  return complaints(at, port ?? 0, isValidPortNum(port ?? 0));
}

/** A number, or the name of a container port. */
export function portNumberOrName(at: FieldPath, port: number | string | undefined): FieldError[] {
  return typeof port === "string" ? complaints(at, port, isValidPortName(port)) : portNumber(at, port);
}

export const ipAddress = (at: FieldPath, ip: string | undefined) => validateIpLegacy(ip ?? "", at);

/** Two addresses, one of each family. */
export function isDualStack(ips: readonly string[]): boolean {
  const families = new Set(ips.map((ip) => parseIp(ip)?.family));
  return families.has(4) && families.has(6);
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
  if (path.startsWith("..") && !path.startsWith("../")) errors.push(invalidValue(at, path, "must not start with '..'"));
  return errors;
}

export function fileMode(at: FieldPath, mode: number | undefined): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(at, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}
