/** Formats of strings. Source: kube-openapi's strfmt and its govalidator. Names are without dashes. */

import { isKnownFormat, type JSONSchemaProps } from "@kubets/api/apiextensions";
import { parseDuration, parseIp } from "@kubets/apimachinery";

type Check = (text: string) => boolean;

const matches =
  (pattern: RegExp): Check =>
  (text) =>
    pattern.test(text);

const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;

/** The pattern repeats groups that overlap: a text that is too long is refused before it is tried. */
function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  return text.split(".").every((label) => Buffer.byteLength(label) <= 63) && hostname.test(text);
}

const octets = /^\d+(\.\d+){3}$/;

function isIPv4(text: string): boolean {
  if (!octets.test(text)) return /^::ffff:\d+(\.\d+){3}$/i.test(text) && parseIp(text.slice(7)) !== undefined;
  return text.split(".").every((octet) => octet.length <= 3 && Number(octet) <= 255);
}

function isIPv6(text: string): boolean {
  return text.includes(":") && parseIp(text) !== undefined;
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return address.includes(":") ? isIPv6(address) && Number(bits) <= 128 : isIPv4(address) && Number(bits) <= 32;
}

function isUri(text: string): boolean {
  if (/[^!-~\u0080-\uffff]/.test(text.split("?")[0]!) || text === "") return false;
  if (text.startsWith("/")) return !/%(?![0-9a-fA-F]{2})/.test(text.split("?")[0]!);
  return (
    /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && (!text.includes("://") || URL.canParse(text) || /^[^:]+:\/\//.test(text))
  );
}

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+";
const bareAddress = new RegExp(
  `^(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\]|\\\\.)*")@(?:${atom}(?:\\.${atom})*|\\[[^\\]]*\\])$`,
);

/** `a@b`, or `Name <a@b>`, as Go's net/mail takes it. */
function isEmail(text: string): boolean {
  const inner = /^[^<>]*<([^<>]*)>\s*$/.exec(text)?.[1] ?? text;
  return text.length <= 1024 && bareAddress.test(inner.trim());
}

function isMac(text: string): boolean {
  const bytes = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})*$/i;
  const words = /^[0-9a-f]{4}(\.[0-9a-f]{4})*$/i;
  const size = text.replace(/[^0-9a-f]/gi, "").length / 2;
  return [6, 8, 20].includes(size) && (bytes.test(text) || words.test(text));
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (digits[i] === "X" ? 10 : Number(digits[i])) * (i < 9 ? i + 1 : 10);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^\d{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += Number(digits[i]) * (i % 2 === 0 ? 1 : 3);
  return (10 - (sum % 10)) % 10 === Number(digits[12]);
}

const cards =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|(222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}|6[27][0-9]{14})$/;

/** With Luhn's check digit. */
function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, "");
  if (!cards.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

const datePattern = /^(\d{4})-(\d\d)-(\d\d)$/;

function isDate(text: string): boolean {
  const [, year, month, day] = datePattern.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const last =
    month === 2
      ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
        ? 29
        : 28
      : [4, 6, 9, 11].includes(month)
        ? 30
        : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= last;
}

const timePattern = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/;

function isDateTime(text: string): boolean {
  const [date = "", time] = text.toLowerCase().split("t");
  const match = time === undefined || !isDate(date) ? null : timePattern.exec(time);
  return match !== null && match[1]! <= "23" && match[2]! <= "59" && match[3]! <= "59";
}

const units = /^(?:(?:nano|micro|milli|sec|min|hour|day|week).*|ns|us|µs|ms|s|m|h|hr|d|w|wk)$/i;

/** Go's form, or Scala's: `22 ns`, `3 days`. */
function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    const found = [...text.slice(0, 1024).matchAll(/(?<!\d)(\d+)\s*([A-Za-zµ]+)/g)];
    return found.some(([, , unit = ""]) => units.test(unit)); // It is no duration of Go's; Scala's is tried.
  }
}

function isBase64(text: string): boolean {
  return text !== "" && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text);
}

const colorPart = "(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])";
const shortName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: isUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: isMac,
  uuid: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i),
  uuid3: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i),
  uuid4: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  uuid5: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(new RegExp(`^rgb\\(\\s*${colorPart}\\s*,\\s*${colorPart}\\s*,\\s*${colorPart}\\s*\\)$`)),
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && shortName.test(text),
  k8slongname: (text) => text.length <= 253 && text.split(".").every((part) => shortName.test(part)),
};

/** Whether a text has a format; undefined for a format that is not known, which is no demand. */
export function formatCheck(format: string): Check | undefined {
  const name = format.replaceAll("-", "");
  return Object.hasOwn(checks, name) ? checks[name] : undefined;
}

/** The format of a schema's values that is checked; "" for none. */
export function effectiveFormat({
  format = "",
  type = "",
  "x-kubernetes-int-or-string": either,
}: JSONSchemaProps): string {
  if (format === "") return "";
  return isKnownFormat(format, either ? "" : type) ? format : "";
}
