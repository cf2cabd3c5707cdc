/** When the fields of a cron schedule match: a walk through real time, by the clock on a wall somewhere. Pure. */

export interface CronField {
  readonly values: ReadonlySet<number>;
  /** `*` or `?`: a day field that leaves the choice to the other one. */
  readonly any: boolean;
}

export type CronFields = Readonly<Record<"minute" | "hour" | "day" | "month" | "weekday", CronField>>;

const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

export function cronTimes(fields: CronFields, timeZone: string): { next(afterMs: number): number | undefined } {
  const clock = zoneClock(timeZone);
  return { next: (afterMs) => search(fields, clock, afterMs) };
}

interface WallTime {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const horizonMs = 5 * 366 * dayMs;

/** Days that every month has. */
const shortestMonth = 28;
/** From a day that is none it is at most to the hour after this one: the clock may be set on on the way, and the next day not be missed. */
const lateHour = 20;

/** Walks real time in steps as large as the fields allow: a zone's clock is slow to ask, and there may be nothing to find in years. */
function search(fields: CronFields, clock: (ms: number) => WallTime, afterMs: number): number | undefined {
  let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  const end = afterMs + horizonMs;
  while (at <= end) {
    const wall = clock(at);
    // To a full hour on the wall. Zones are off by quarters of an hour, so it is counted from there.
    const toFullHourMs = (60 - wall.minute) * minuteMs;
    if (!fields.month.values.has(wall.month) && wall.day < shortestMonth) {
      at += (shortestMonth - wall.day) * dayMs - 2 * hourMs;
    } else if (!dayMatches(fields, wall)) {
      at += toFullHourMs + Math.max(0, lateHour - wall.hour) * hourMs;
    } else if (!fields.hour.values.has(wall.hour)) {
      at += toFullHourMs;
    } else if (!fields.minute.values.has(wall.minute)) at += minuteMs;
    else return at;
  }
  return undefined;
}

/** Where both day fields say something, either is enough: cron's oldest surprise. */
function dayMatches({ month, day, weekday }: CronFields, wall: WallTime): boolean {
  if (!month.values.has(wall.month)) return false;
  const byDay = day.values.has(wall.day);
  const byWeekday = weekday.values.has(wall.weekday);
  return day.any || weekday.any ? byDay && byWeekday : byDay || byWeekday;
}

function zoneClock(timeZone: string): (ms: number) => WallTime {
  if (["", "UTC", "Etc/UTC"].includes(timeZone)) {
    return (ms) => {
      const date = new Date(ms);
      return {
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
        weekday: date.getUTCDay(),
        hour: date.getUTCHours(),
        minute: date.getUTCMinutes(),
      };
    };
  }
  const format = new Intl.DateTimeFormat("en-US", {
    ...(timeZone === "Local" ? {} : { timeZone }),
    hourCycle: "h23",
    month: "numeric",
    day: "numeric",
    weekday: "short",
    hour: "numeric",
    minute: "numeric",
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      month: Number(parts.month),
      day: Number(parts.day),
      weekday: weekdays.indexOf((parts.weekday ?? "").toLowerCase()),
      hour: Number(parts.hour),
      minute: Number(parts.minute),
    };
  };
}
