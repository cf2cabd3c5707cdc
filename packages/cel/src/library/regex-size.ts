/**
 * About how long a regular expression takes to compile. RE2 refuses what would be millions of states, which here is seconds during which nobody else is
 * served; so ours is stricter, far beyond what anyone writes.
 */

/** Of one expression: a tenth to a quarter of a second. In the unit of {@link regexSize}. */
export const maxRegexSize = 100_000;

/** As RE2 says it. */
export const regexTooLarge = "expression too large";

const counted = /\{(\d+)(?:,(\d*))?\}/y;
/** Sets of Unicode, and the same with all their cases, in literal characters' time. */
const unicodeSet = 15;
const foldedSet = 100;

interface Group {
  size: number;
  /** Of what a count after it repeats. */
  last: number;
}

/** In what a literal character takes, with counted repetitions written out. A guess for what is no expression. */
export function regexSize(pattern: string): number {
  const set = /\(\?[a-zA-Z]*i/.test(pattern) ? foldedSet : unicodeSet;
  const groups: Group[] = [{ size: 0, last: 0 }];
  for (let i = 0; i < pattern.length; i++) {
    const group = groups.at(-1)!;
    const c = pattern[i];
    counted.lastIndex = i;
    const count = c === "{" ? counted.exec(pattern) : null;
    if (count !== null) {
      const times = Math.max(Number(count[1]), Number(count[2] ?? 0), 1);
      group.size += group.last * (times - 1);
      group.last *= times;
      i += count[0].length - 1;
    } else if (c === "(") groups.push({ size: 1, last: 0 });
    else if (c === ")" && groups.length > 1) {
      groups.pop();
      add(groups.at(-1)!, group.size);
    } else if (c === "[") {
      const end = endOfClass(pattern, i);
      const text = pattern.slice(i, end);
      add(group, 1 + text.length / 4 + (text.split(/\\[pP]|\[:/).length - 1) * set);
      i = end - 1;
    } else if (c === "\\") {
      add(group, /[pP]/.test(pattern[i + 1] ?? "") ? set : 1);
      i++;
    } else add(group, 1);
  }
  return groups.reduce((sum, { size }) => sum + size, 0);
}

function add(group: Group, size: number): void {
  group.size += size;
  group.last = size;
}

/** The first bracket in a class stands for itself. */
function endOfClass(pattern: string, start: number): number {
  let i = start + 1;
  if (pattern[i] === "^") i++;
  for (i++; i < pattern.length && pattern[i] !== "]"; i++) if (pattern[i] === "\\") i++;
  return Math.min(i + 1, pattern.length);
}
