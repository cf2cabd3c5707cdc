/** Durations as Go writes them (`1h2m3.5s`) and as kubectl shows an age (`3d4h`). Numbers are milliseconds, bigints nanoseconds. */

const unitNanos: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["µs", 1000n],
  ["μs", 1000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);

const maxNanos = (1n << 63n) - 1n;
/** Of a whole number of any unit that fits; of a fraction, more than any unit has. */
const mostDigits = 19;

/** Go's time.ParseDuration, exactly: nanoseconds, or what Go says is wrong with the text. */
export function readDuration(text: string): bigint | string {
  const quoted = JSON.stringify(text);
  const invalid = `time: invalid duration ${quoted}`;
  const [, sign, body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0n;
  if (body === "") return invalid;
  let total = 0n;
  for (let rest = body; rest !== ""; ) {
    const [number = "", whole = "", fraction = ""] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? [];
    if (whole === "" && fraction === "") return invalid;
    rest = rest.slice(number.length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? "";
    if (unit === "") return `time: missing unit in duration ${quoted}`;
    const nanos = unitNanos.get(unit);
    if (nanos === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
    if (whole.replace(/^0+/, "").length > mostDigits) return invalid;
    const digits = fraction.slice(0, mostDigits);
    total += BigInt(whole) * nanos + (BigInt(digits) * nanos) / 10n ** BigInt(digits.length);
    if (total > maxNanos && !(sign === "-" && total === maxNanos + 1n)) return invalid;
    rest = rest.slice(unit.length);
  }
  return sign === "-" ? -total : total;
}

/** Go's time.ParseDuration, in milliseconds. @throws Error with Go's text */
export function parseDuration(text: string): number {
  const nanos = readDuration(text);
  if (typeof nanos === "string") throw new Error(nanos);
  return Number(nanos) / 1e6;
}

/** Go's Duration.String: `1h0m0s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(ms: number): string {
  const nanos = Math.round(Math.abs(ms) * 1e6);
  const sign = ms < 0 && nanos > 0 ? "-" : "";
  if (nanos === 0) return "0s";
  if (nanos < 1e3) return `${sign}${nanos}ns`;
  if (nanos < 1e6) return `${sign}${fraction(nanos, 1e3)}µs`;
  if (nanos < 1e9) return `${sign}${fraction(nanos, 1e6)}ms`;
  const seconds = fraction(nanos % 6e10, 1e9);
  const minutes = Math.floor(nanos / 6e10);
  if (minutes === 0) return `${sign}${seconds}s`;
  if (minutes < 60) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`;
}

/** `value / unit` in decimal, without a float's noise. */
function fraction(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const digits = String(value - whole * unit).padStart(String(unit).length - 1, "0");
  const trimmed = digits.replace(/0+$/, "");
  return trimmed === "" ? String(whole) : `${whole}.${trimmed}`;
}

/** kubectl's AGE column: at most two units, the second only while it says something. Source: util/duration. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return two(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return hours < 24 * 365 * 8 ? two(years, "y", days % 365, "d") : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
