/** Lists of indexes such as `1,3-5,7`. */

type Interval = readonly [first: number, last: number];

export type Indexes =
  | { readonly total: number; readonly intervals: readonly Interval[] }
  | { readonly problem: string };

/** Indexes below `completions`, rising. Texts of problems are upstream's. */
export function parseIndexes(text: string, completions: number): Indexes {
  const intervals: Interval[] = [];
  let total = 0;
  for (const part of text === "" ? [] : text.split(",")) {
    const interval = parseInterval(part, completions);
    if (typeof interval === "string") return { problem: interval };
    const before = intervals.at(-1)?.[1];
    if (before !== undefined && before >= interval[0]) return { problem: notRising(before, interval[0]) };
    total += interval[1] - interval[0] + 1;
    intervals.push(interval);
  }
  return { total, intervals };
}

const notRising = (before: number, now: number) => `non-increasing order, previous: ${before}, current: ${now}`;

function parseInterval(text: string, completions: number): Interval | string {
  const parts = text.split("-");
  if (parts.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  }
  const numbers: number[] = [];
  for (const part of parts) {
    if (!/^\+?\d+$/.test(part)) return `cannot convert string to integer for index: ${JSON.stringify(part)}`;
    if (Number(part) >= completions) return `too large index: ${JSON.stringify(part)}`;
    numbers.push(Number(part));
  }
  const [first = 0, last = first] = numbers;
  return parts.length === 2 && first >= last ? notRising(first, last) : [first, last];
}

/** The first index that is in both; undefined when none is. Intervals that do not parse are passed over. */
export function firstOverlap(a: string, b: string, completions: number): number | undefined {
  const intervals = (text: string) =>
    (text === "" ? [] : text.split(","))
      .map((part) => parseInterval(part, completions))
      .filter((interval) => typeof interval !== "string");
  const [left, right] = [intervals(a), intervals(b)];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const [x, y] = [left[i]!, right[j]!];
    if (x[0] <= y[1] && y[0] <= x[1]) return Math.max(x[0], y[0]);
    if (x[0] <= y[0]) i++;
    else j++;
  }
  return undefined;
}
