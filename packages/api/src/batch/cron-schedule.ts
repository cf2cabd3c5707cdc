/** What is wrong with a cron schedule, in the words of robfig/cron's standard parser, which upstream asks. */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const fields: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: weekdays },
];

const descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** Undefined when there is nothing wrong with it. */
export function cronScheduleProblem(schedule: string): string | undefined {
  let spec = schedule;
  if (spec === "") return "empty spec string";
  if (spec.startsWith("TZ=") || spec.startsWith("CRON_TZ=")) {
    const end = spec.indexOf(" ");
    const zone = spec.slice(spec.indexOf("=") + 1, end < 0 ? undefined : end);
    const why = timeZoneProblem(zone);
    if (why !== undefined) return `provided bad location ${zone}: ${why}`;
    spec = end < 0 ? "" : spec.slice(end).trim();
  }
  if (spec.startsWith("@")) return descriptorProblem(spec);
  const parts = spec.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fields.length) {
    return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(" ")}]`;
  }
  for (const [i, part] of parts.entries()) {
    for (const expression of part.split(",")) {
      const why = expression === "" ? undefined : rangeProblem(expression, fields[i]!);
      if (why !== undefined) return why;
    }
  }
  return undefined;
}

function descriptorProblem(text: string): string | undefined {
  if (descriptors.includes(text)) return undefined;
  if (!text.startsWith("@every ")) return `unrecognized descriptor: ${text}`;
  const why = durationProblem(text.slice("@every ".length));
  return why === undefined ? undefined : `failed to parse duration ${text}: ${why}`;
}

/** Go's time.ParseDuration. */
function durationProblem(text: string): string | undefined {
  const quoted = JSON.stringify(text);
  const invalid = `time: invalid duration ${quoted}`;
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return undefined;
  if (rest === "") return invalid;
  while (rest !== "") {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return invalid;
    rest = rest.slice(number.length);
    const unit = /^[^.\d]*/.exec(rest)![0];
    if (unit === "") return `time: missing unit in duration ${quoted}`;
    if (!["ns", "us", "µs", "μs", "ms", "s", "m", "h"].includes(unit)) {
      return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    }
    rest = rest.slice(unit.length);
  }
  return undefined;
}

type Parsed = { readonly value: number } | { readonly problem: string };

function rangeProblem(expression: string, { min, max, names = [] }: Bounds): string | undefined {
  const [range = "", stepText, ...moreSteps] = expression.split("/");
  const [low = "", high, ...moreHyphens] = range.split("-");
  const star = low === "*" || low === "?";
  const start = star ? { value: min } : parseNumber(low, names, min);
  if ("problem" in start) return start.problem;
  let end = star ? max : start.value;
  if (!star && high !== undefined) {
    if (moreHyphens.length > 0) return `too many hyphens: ${expression}`;
    const parsed = parseNumber(high, names, min);
    if ("problem" in parsed) return parsed.problem;
    end = parsed.value;
  }
  if (moreSteps.length > 0) return `too many slashes: ${expression}`;
  const step: Parsed = stepText === undefined ? { value: 1 } : parseNumber(stepText, [], 0);
  if ("problem" in step) return step.problem;
  if (stepText !== undefined && high === undefined) end = max;
  if (start.value < min) return `beginning of range (${start.value}) below minimum (${min}): ${expression}`;
  if (end > max) return `end of range (${end}) above maximum (${max}): ${expression}`;
  if (start.value > end) return `beginning of range (${start.value}) beyond end of range (${end}): ${expression}`;
  return step.value === 0 ? `step of range should be a positive number: ${expression}` : undefined;
}

function parseNumber(text: string, names: readonly string[], firstName: number): Parsed {
  const named = names.indexOf(text.toLowerCase());
  if (named >= 0) return { value: named + firstName };
  if (!/^[-+]?\d+$/.test(text)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
    return { problem: `failed to parse int from ${text}: ${why}` };
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`;
    return { problem: `failed to parse int from ${text}: ${why}` };
  }
  return value < 0 ? { problem: `negative number (${value}) not allowed: ${text}` } : { value };
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
