/** `getHours` and its kin, of timestamps in a zone (UTC unless said) and of durations. */

import { CelError } from "../cel-error.ts";
import { parseOffset, second, splitTime } from "../time.ts";
import type { Duration, Timestamp } from "../value.ts";
import { type Overload, overload } from "./overload.ts";

/** A Date whose UTC parts are the parts in the zone, and the nanoseconds after its second. */
type Parts = readonly [date: Date, nanos: bigint];

function partsIn(time: Timestamp, zone: string | undefined): Parts {
  if (zone === undefined || zone === "" || zone === "UTC") return splitTime(time.nanos);
  const minutes = zone.includes(":") ? parseOffset(zone) : offsetOf(zone, time);
  if (minutes === undefined) throw new CelError(`unknown time zone ${zone}`);
  return splitTime(time.nanos + BigInt(Math.round(minutes * 60)) * second);
}

/** Minutes east of UTC that a named zone has at a time. */
function offsetOf(zone: string, time: Timestamp): number | undefined {
  const [date] = splitTime(time.nanos);
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    const part = new Map(format.formatToParts(date).map(({ type, value }) => [type, Number(value)]));
    const there = Date.UTC(
      part.get("year")!,
      part.get("month")! - 1,
      part.get("day")!,
      part.get("hour")!,
      part.get("minute")!,
      part.get("second")!,
    );
    return (there - date.getTime()) / 60_000;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  const day = new Date(date);
  day.setUTCHours(0, 0, 0, 0);
  return Math.round((day.getTime() - start.getTime()) / 86_400_000);
}

const getters: readonly [name: string, id: string, get: (parts: Parts) => number | bigint][] = [
  ["getFullYear", "timestamp_to_year", ([date]) => date.getUTCFullYear()],
  ["getMonth", "timestamp_to_month", ([date]) => date.getUTCMonth()],
  ["getDayOfYear", "timestamp_to_day_of_year", ([date]) => dayOfYear(date)],
  ["getDayOfMonth", "timestamp_to_day_of_month", ([date]) => date.getUTCDate() - 1],
  ["getDate", "timestamp_to_day_of_month_1_based", ([date]) => date.getUTCDate()],
  ["getDayOfWeek", "timestamp_to_day_of_week", ([date]) => date.getUTCDay()],
  ["getHours", "timestamp_to_hours", ([date]) => date.getUTCHours()],
  ["getMinutes", "timestamp_to_minutes", ([date]) => date.getUTCMinutes()],
  ["getSeconds", "timestamp_to_seconds", ([date]) => date.getUTCSeconds()],
  ["getMilliseconds", "timestamp_to_milliseconds", ([, nanos]) => nanos / 1_000_000n],
];

const durationGetters: readonly [name: string, id: string, get: (nanos: bigint) => bigint][] = [
  ["getHours", "duration_to_hours", (nanos) => nanos / 3_600_000_000_000n],
  ["getMinutes", "duration_to_minutes", (nanos) => nanos / 60_000_000_000n],
  ["getSeconds", "duration_to_seconds", (nanos) => nanos / second],
  ["getMilliseconds", "duration_to_milliseconds", (nanos) => nanos / 1_000_000n],
];

export const timeFunctions: readonly Overload[] = [
  ...getters.flatMap(([name, id, get]) => [
    overload(name, id, "timestamp.(): int", (time: Timestamp) => BigInt(get(partsIn(time, undefined)))),
    overload(name, `${id}_with_tz`, "timestamp.(string): int", (time: Timestamp, zone: string) =>
      BigInt(get(partsIn(time, zone))),
    ),
  ]),
  ...durationGetters.map(([name, id, get]) => overload(name, id, "duration.(): int", (d: Duration) => get(d.nanos))),
];
