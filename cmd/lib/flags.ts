/**
 * Command-line flags as data: one table per command gives parsing, defaults, errors and `--help`.
 * Accepts `--name value`, `--name=value`, and for switches `--name`, `--name=false`, `--no-name`.
 */

export interface FlagSpec {
  readonly type: "string" | "number" | "boolean";
  /** What to write for the value in help: `FILE`, `N`. */
  readonly value?: string;
  readonly help: string;
  readonly default?: string | number | boolean;
  readonly short?: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type ValueOf<S extends FlagSpec> = S["type"] extends "number" ? number : S["type"] extends "boolean" ? boolean : string;

export type Flags<S extends FlagSpecs> = {
  readonly [K in keyof S]: "default" extends keyof S[K] ? ValueOf<S[K]> : ValueOf<S[K]> | undefined;
};

/** The user's mistake: print the message, exit with 2. */
export class UsageError extends Error {}

/** @throws UsageError for an unknown flag (naming the nearest), a missing or a malformed value. */
export function parseFlags<S extends FlagSpecs>(
  specs: S,
  args: readonly string[],
): { flags: Flags<S>; rest: string[] } {
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = spec.default;
  const rest: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      rest.push(...queue);
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      rest.push(arg);
      continue;
    }
    const [name, spec, inline, negated] = lookUp(specs, arg);
    if (spec.type === "boolean") values[name] = negated ? false : switchValue(arg, inline);
    else values[name] = typed(`--${name}`, spec, inline ?? nextValue(`--${name}`, queue));
  }
  return { flags: values as Flags<S>, rest };
}

function lookUp(
  specs: FlagSpecs,
  arg: string,
): [name: string, spec: FlagSpec, inline: string | undefined, negated: boolean] {
  const [head, ...tail] = arg.split("=") as [string, ...string[]];
  const inline = tail.length === 0 ? undefined : tail.join("=");
  const bare = head.replace(/^--?/, "");
  if (!head.startsWith("--")) {
    const found = Object.entries(specs).find(([, spec]) => spec.short === bare);
    if (found !== undefined) return [found[0], found[1], inline, false];
  }
  const spec = specs[bare];
  if (spec !== undefined && Object.hasOwn(specs, bare)) return [bare, spec, inline, false];
  const positive = bare.replace(/^no-/, "");
  const negatable = bare.startsWith("no-") ? specs[positive] : undefined;
  if (negatable?.type === "boolean" && inline === undefined) return [positive, negatable, undefined, true];
  const near = nearest(bare, Object.keys(specs));
  throw new UsageError(`unknown flag ${head}${near === undefined ? "" : `; did you mean --${near}?`}`);
}

function nextValue(flag: string, queue: string[]): string {
  const value = queue.shift();
  if (value === undefined) throw new UsageError(`${flag} needs a value`);
  return value;
}

function switchValue(arg: string, inline: string | undefined): boolean {
  if (inline === undefined || inline === "true") return true;
  if (inline === "false") return false;
  throw new UsageError(`${arg}: want true or false`);
}

function typed(flag: string, spec: FlagSpec, text: string): string | number {
  if (spec.type === "string") return text;
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag}: ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}

/** The closest of `names`, if any is close. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(word, name);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] as number) + 1, (row[j - 1] as number) + 1));
    }
    previous = row;
  }
  return previous[b.length] as number;
}

/** The flags' part of a help text, aligned. */
export function flagHelp(specs: FlagSpecs): string {
  const rows = Object.entries(specs).map(([name, spec]) => {
    const value = spec.type === "boolean" ? "" : ` ${spec.value ?? (spec.type === "number" ? "N" : "TEXT")}`;
    const preset =
      spec.default === undefined || spec.default === "" || spec.default === false ? "" : ` (default ${spec.default})`;
    return [
      `  ${spec.short === undefined ? "" : `-${spec.short}, `}--${name}${value}`,
      `${spec.help}${preset}`,
    ] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => left.padEnd(width) + right).join("\n");
}
