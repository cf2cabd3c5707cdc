/** Cron schedules as robfig/cron's standard parser reads them, which upstream asks: five fields, names, steps, `@hourly` and the like, `@every`. Pure. */

import { messageOf, parseDuration } from "@kubets/apimachinery";
import { type CronFields, cronTimes } from "./cron-times.ts";

/** A schedule in a time zone. */
export interface CronSchedule {
  /** The first time after `afterMs`, in epoch milliseconds; undefined when there is none within five years. */
  next(afterMs: number): number | undefined;
}

/** Text that is no schedule. The message is the parser's. */
export class CronScheduleError extends Error {
  override readonly name = "CronScheduleError";
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const bounds: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
];

const shortcuts: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const everyPrefix = "@every ";

/**
 * @param timeZone an IANA name, for a schedule that begins with none of its own (`CRON_TZ=Europe/Paris 0 12 * * *`)
 * @throws CronScheduleError
 */
export function parseSchedule(text: string, timeZone = "UTC"): CronSchedule {
  if (text === "") throw new CronScheduleError("empty spec string");
  const { zone = timeZone, spec } = splitZone(text);
  const problem = timeZoneProblem(zone);
  if (problem !== undefined) throw new CronScheduleError(`provided bad location ${zone}: ${problem}`);
  if (spec.startsWith(everyPrefix)) return everySchedule(spec);
  const shortcut = Object.hasOwn(shortcuts, spec) ? shortcuts[spec] : undefined;
  if (spec.startsWith("@") && shortcut === undefined) throw new CronScheduleError(`unrecognized descriptor: ${spec}`);
  return cronTimes(parseFields(shortcut ?? spec), zone);
}

/** Undefined when there is nothing wrong with it. */
export function cronScheduleProblem(schedule: string): string | undefined {
  try {
    parseSchedule(schedule);
    return undefined;
  } catch (error) {
    if (error instanceof CronScheduleError) return error.message;
    throw error;
  }
}

function splitZone(text: string): { zone?: string; spec: string } {
  if (!text.startsWith("TZ=") && !text.startsWith("CRON_TZ=")) return { spec: text };
  const end = text.indexOf(" ");
  const zone = text.slice(text.indexOf("=") + 1, end < 0 ? undefined : end);
  return { zone, spec: end < 0 ? "" : text.slice(end).trim() };
}

/** Seconds are the least there are. */
function everySchedule(spec: string): CronSchedule {
  let periodMs: number;
  try {
    periodMs = parseDuration(spec.slice(everyPrefix.length));
  } catch (error) {
    throw new CronScheduleError(`failed to parse duration ${spec}: ${messageOf(error)}`, { cause: error });
  }
  const period = Math.max(1000, Math.floor(periodMs / 1000) * 1000);
  return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + period };
}

function parseFields(spec: string): CronFields {
  const parts = spec.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== bounds.length) {
    throw new CronScheduleError(
      `expected exactly ${bounds.length} fields, found ${parts.length}: [${parts.join(" ")}]`,
    );
  }
  const [minute, hour, day, month, weekday] = parts.map((part, i) => parseField(part, bounds[i]!));
  return { minute: minute!, hour: hour!, day: day!, month: month!, weekday: weekday! };
}

function parseField(text: string, field: Bounds): CronFields["day"] {
  const values = new Set<number>();
  let any = false;
  for (const expression of text.split(",")) {
    if (expression === "") continue;
    const { from, to, step, star } = parseRange(expression, field);
    for (let value = from; value <= to; value += step) values.add(value);
    any ||= star && step === 1;
  }
  return { values, any };
}

function parseRange(expression: string, { min, max, names = [] }: Bounds) {
  const [range = "", stepText, ...moreSteps] = expression.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  const star = low === "*" || low === "?";
  const from = star ? min : parseNumber(low, names, min);
  let to = star ? max : from;
  if (!star && high !== undefined) {
    if (moreHyphens.length > 0) throw new CronScheduleError(`too many hyphens: ${expression}`);
    to = parseNumber(high, names, min);
  }
  if (moreSteps.length > 0) throw new CronScheduleError(`too many slashes: ${expression}`);
  const step = stepText === undefined ? 1 : parseNumber(stepText, [], 0);
  if (stepText !== undefined && high === undefined) to = max;
  const fault = rangeFault(from, to, step, { min, max });
  if (fault !== undefined) throw new CronScheduleError(`${fault}: ${expression}`);
  return { from, to, step, star };
}

function rangeFault(from: number, to: number, step: number, { min, max }: Bounds): string | undefined {
  if (from < min) return `beginning of range (${from}) below minimum (${min})`;
  if (to > max) return `end of range (${to}) above maximum (${max})`;
  if (from > to) return `beginning of range (${from}) beyond end of range (${to})`;
  return step === 0 ? "step of range should be a positive number" : undefined;
}

function parseNumber(text: string, names: readonly string[], firstName: number): number {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return named + firstName;
  const failed = (why: string) =>
    new CronScheduleError(`failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[-+]?\d+$/.test(text)) throw failed("invalid syntax");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw failed("value out of range");
  if (value < 0) throw new CronScheduleError(`negative number (${value}) not allowed: ${text}`);
  return value;
}

/** What Go's time.LoadLocation says of a name; undefined for one that is known. The names' case counts, as it does for files. */
export function timeZoneProblem(name: string): string | undefined {
  if (name === "" || name === "UTC" || name === "Local") return undefined;
  const unknown = `unknown time zone ${name}`;
  if (/^[-+\d]/.test(name)) return unknown;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    const otherCase = timeZone !== name && timeZone.toLowerCase() === name.toLowerCase();
    return otherCase ? unknown : undefined;
  } catch {
    // A RangeError: no such zone.
    return unknown;
  }
}
