/** Names with a domain before a slash, and drivers' names. Source: apimachinery's util/validation, pkg/apis/core/validation. */

import {
  byteLength,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Subdomain,
  isPathSegmentName,
  regexError,
  required,
  tooLong,
} from "@kubets/apimachinery";
import { complaints } from "./pod-field-checks.ts";

const httpPath = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const httpPathRegexp = new RegExp(`^${httpPath}$`);

/** `acme.io/foo`: a controller's name. */
export function domainPrefixedPath(at: FieldPath, text: string): FieldError[] {
  if (text === "") return [required(at)];
  const slash = text.indexOf("/");
  if (slash <= 0 || slash === text.length - 1) {
    return [invalidValue(at, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const host = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const errors = complaints(at, host, isDNS1123Subdomain(host));
  if (!httpPathRegexp.test(rest)) errors.push(invalidValue(at, rest, regexError("Invalid path", httpPath)));
  return errors;
}

/** A CSI or DRA driver's name: at most 63 bytes of lower case domain. */
export function driverName(at: FieldPath, name: string): FieldError[] {
  if (name === "") return [required(at)];
  const errors = byteLength(name) > 63 ? [tooLong(at, 63)] : [];
  return [...errors, ...complaints(at, name, isDNS1123Subdomain(name.toLowerCase()))];
}

/** What a URL can say, and must. */
export function pathSegment(at: FieldPath, text: string, whenMissing = ""): FieldError[] {
  if (text === "") return [required(at, whenMissing)];
  return complaints(at, text, isPathSegmentName(text));
}
