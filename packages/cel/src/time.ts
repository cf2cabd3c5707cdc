/** Durations and timestamps as text, exactly: in nanoseconds. */

import { readDuration } from "@kubets/apimachinery";

/** In nanoseconds. */
export const second = 1_000_000_000n;
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z. */
export const minTimestamp = -62_135_596_800n * second;
export const maxTimestamp = 253_402_300_800n * second - 1n;

/** Go's time.ParseDuration; undefined for a text that is none. */
export function parseGoDuration(text: string): bigint | undefined {
  const nanos = readDuration(text);
  return typeof nanos === "bigint" ? nanos : undefined;
}

const words = new Map<RegExp, bigint>([
  [/^(ns|nanos?|nanoseconds?)$/, 1n],
  [/^(us|µs|μs|micros?|microseconds?)$/, 1000n],
  [/^(ms|millis?|milliseconds?)$/, 1_000_000n],
  [/^(s|secs?|seconds?)$/, second],
  [/^(m|mins?|minutes?)$/, 60n * second],
  [/^(h|hours?|hrs?)$/, 3600n * second],
  [/^(d|days?)$/, 86_400n * second],
  [/^(w|weeks?|wks?)$/, 604_800n * second],
]);

/** OpenAPI's format duration as strfmt reads it: Go's, or `3 days`. */
export function parseDurationFormat(text: string): bigint | undefined {
  const exact = parseGoDuration(text);
  if (exact !== undefined) return exact;
  const match = /^\s*(\d{1,15})\s*([A-Za-zµμ]+)\s*$/.exec(text);
  if (match === null) return undefined;
  for (const [word, nanos] of words) if (word.test(match[2]!.toLowerCase())) return BigInt(match[1]!) * nanos;
  return undefined;
}

/** Seconds, in the fewest digits, as cel-go writes a duration: `3723.004s`. */
export function formatDurationSeconds(nanos: bigint): string {
  const negative = nanos < 0n;
  const size = negative ? -nanos : nanos;
  const fraction = (size % second).toString().padStart(9, "0").replace(/0+$/, "");
  return `${negative ? "-" : ""}${size / second}${fraction === "" ? "" : `.${fraction}`}s`;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?([Zz]|[+-]\d{2}:?\d{2})$/;

/** RFC 3339, with the zone it was written in; undefined for a text that is no time. */
export function parseTimestamp(text: string): { nanos: bigint; offsetMinutes: number } | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, seconds] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = utcMs(year, month - 1, day, hour, minute, seconds);
  if (ms === undefined) return undefined;
  const offsetMinutes = parseOffset(match[8]!);
  if (offsetMinutes === undefined) return undefined;
  const fraction = BigInt((match[7] ?? "").padEnd(9, "0").slice(0, 9));
  return { nanos: BigInt(ms - offsetMinutes * 60_000) * 1_000_000n + fraction, offsetMinutes };
}

/** Undefined where a part is out of its range: Date would carry it over. */
function utcMs(year: number, month: number, day: number, hour: number, minute: number, s: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, s);
  const same =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === s;
  return same ? date.getTime() : undefined;
}

/** `Z`, `+01:00`: minutes east of UTC. */
export function parseOffset(text: string): number | undefined {
  if (/^z$/i.test(text)) return 0;
  const match = /^([+-]?)(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (Number(match[2]) > 23 || Number(match[3]) > 59) return undefined;
  return match[1] === "-" ? -minutes : minutes;
}

/** RFC 3339 with as many digits of a second as needed. */
export function formatTimestamp(nanos: bigint, offsetMinutes: number): string {
  const [date, fraction] = splitTime(nanos + BigInt(offsetMinutes) * 60n * second);
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  const rest = date.toISOString().slice(-20, -5);
  const digits = fraction.toString().padStart(9, "0").replace(/0+$/, "");
  return `${year}${rest}${digits === "" ? "" : `.${digits}`}${formatOffset(offsetMinutes)}`;
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return "Z";
  const size = Math.abs(minutes);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A Date of whole seconds, and the nanoseconds after it. */
export function splitTime(nanos: bigint): [date: Date, nanosOfSecond: bigint] {
  const rest = ((nanos % second) + second) % second;
  return [new Date(Number((nanos - rest) / 1_000_000n)), rest];
}
