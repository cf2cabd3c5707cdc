/** Cron schedules as upstream reads them (robfig/cron's standard form): five fields, names, steps, `@hourly` and the like, `@every`. Pure. */

/** A schedule in a time zone. */
export interface CronSchedule {
  /** The first time after `afterMs`, in epoch milliseconds; undefined when there is none within five years. */
  next(afterMs: number): number | undefined;
}

const shortcuts: Record<string, string> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Field {
  readonly values: ReadonlySet<number>;
  /** `*` or `?`: a day field that leaves the choice to the other one. */
  readonly any: boolean;
}

/** @throws RangeError saying what is wrong. `timeZone` is an IANA name; the default is UTC. */
export function parseSchedule(text: string, timeZone = "UTC"): CronSchedule {
  // Throws for a zone that does not exist, before the first use.
  const clock = zoneClock(timeZone);
  const every = /^@every\s+(.+)$/.exec(text.trim());
  if (every?.[1] !== undefined) return everySchedule(parseGoDuration(every[1]));
  const fields = (shortcuts[text.trim()] ?? text.trim()).split(/\s+/);
  if (fields.length !== 5)
    throw new RangeError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  const parsed = {
    minute: parseField(minute, 0, 59),
    hour: parseField(hour, 0, 23),
    day: parseField(day, 1, 31),
    month: parseField(month, 1, 12, months, 1),
    weekday: parseField(weekday, 0, 6, weekdays, 0),
  };
  return { next: (afterMs) => search(parsed, clock, afterMs) };
}

function everySchedule(periodMs: number): CronSchedule {
  const period = Math.max(1000, Math.floor(periodMs / 1000) * 1000);
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + period };
}

function parseGoDuration(text: string): number {
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  if (!/^([0-9.]+(h|ms|m|s))+$/.test(text)) throw new RangeError(`failed to parse duration @every ${text}`);
  const parts = [...text.matchAll(/([0-9.]+)(ms|h|m|s)/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (units[unit ?? ""] ?? 0), 0);
}

function parseField(text: string, low: number, high: number, names: readonly string[] = [], firstName = 0): Field {
  const values = new Set<number>();
  const number = (word: string): number => {
    const named = names.indexOf(word.toLowerCase());
    const value = named >= 0 ? named + firstName : /^[0-9]+$/.test(word) ? Number(word) : Number.NaN;
    if (Number.isNaN(value)) throw new RangeError(`failed to parse int from ${word}`);
    return value;
  };
  for (const part of text.split(",")) {
    const [range = "", stepText, ...more] = part.split("/");
    const [first = "", last, ...extra] = range.split("-");
    if (more.length + extra.length > 0) throw new RangeError(`too many slashes or hyphens: ${part}`);
    const star = first === "*" || first === "?";
    const from = star ? low : number(first);
    const step = stepText === undefined ? 1 : number(stepText);
    const to = star ? high : last !== undefined ? number(last) : stepText === undefined ? from : high;
    if (from < low) throw new RangeError(`beginning of range (${from}) below minimum (${low}): ${part}`);
    if (to > high) throw new RangeError(`end of range (${to}) above maximum (${high}): ${part}`);
    if (from > to) throw new RangeError(`beginning of range (${from}) beyond end of range (${to}): ${part}`);
    if (step === 0) throw new RangeError(`step of range should be a positive number: ${part}`);
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return { values, any: text.split(",").some((part) => /^[*?](\/1)?$/.test(part)) };
}

type Fields = Record<"minute" | "hour" | "day" | "month" | "weekday", Field>;

interface WallTime {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const horizonMs = 5 * 366 * 24 * hourMs;

/** Walks real time in steps as large as the fields allow: hours, once the day is wrong, minutes otherwise. */
function search(fields: Fields, clock: (ms: number) => WallTime, afterMs: number): number | undefined {
  let at = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs;
  const end = afterMs + horizonMs;
  while (at <= end) {
    const wall = clock(at);
    if (!dayMatches(fields, wall) || !fields.hour.values.has(wall.hour)) {
      // To the next full hour on the wall. Zones are off by quarters of an hour, so it is counted from there.
      at += (60 - wall.minute) * minuteMs;
    } else if (!fields.minute.values.has(wall.minute)) at += minuteMs;
    else return at;
  }
  return undefined;
}

/** Where both day fields say something, either is enough: cron's oldest surprise. */
function dayMatches({ month, day, weekday }: Fields, wall: WallTime): boolean {
  if (!month.values.has(wall.month)) return false;
  const byDay = day.values.has(wall.day);
  const byWeekday = weekday.values.has(wall.weekday);
  return day.any || weekday.any ? byDay && byWeekday : byDay || byWeekday;
}

function zoneClock(timeZone: string): (ms: number) => WallTime {
  if (timeZone === "UTC" || timeZone === "Etc/UTC") {
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
    timeZone,
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
