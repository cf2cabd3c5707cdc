/**
 * Command-line flags as data: one table per command gives parsing, defaults, errors and `--help`.
 * Accepts `--name value`, `--name=value`, and for switches `--name`, `--name=false`, `--no-name`, as Go's pflag does.
 */

import { type FlagValue, readValue, type ValueOf } from "./flag-values.ts";
import { nearest } from "./nearest.ts";

export interface FlagSpec {
  /**
   * `strings` are separated by commas, and the flag may be repeated; `texts` are one each time the flag is given; `map` is `KEY=VALUE`, separated
   * by commas or repeated; a `duration` is written `1h2m3s` and read as milliseconds.
   */
  readonly type: "string" | "number" | "float" | "boolean" | "duration" | "strings" | "texts" | "map";
  /** What to write for the value in help: `FILE`, `N`. */
  readonly value?: string;
  readonly help: string;
  readonly default?: FlagValue;
  readonly short?: string;
  /** It is accepted and changes nothing: why. Whoever gives it is told. */
  readonly ignored?: string;
  /** What to do instead. Whoever gives it is told. */
  readonly deprecated?: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export type Flags<S extends FlagSpecs> = {
  readonly [K in keyof S]: "default" extends keyof S[K] ? ValueOf<S[K]["type"]> : ValueOf<S[K]["type"]> | undefined;
};

export interface ParsedFlags<S extends FlagSpecs> {
  readonly flags: Flags<S>;
  /** Arguments that are no flags. */
  readonly rest: string[];
  /** The flags that were given, in order. */
  readonly given: ReadonlySet<keyof S>;
  /** What to say about flags that were given and are ignored or deprecated. */
  readonly warnings: readonly string[];
}

/** The user's mistake: print the message, exit with 2. */
export class UsageError extends Error {}

/** @throws UsageError for an unknown flag (naming the nearest), a missing or a malformed value. */
export function parseFlags<S extends FlagSpecs>(specs: S, args: readonly string[]): ParsedFlags<S> {
  const values: Record<string, FlagValue | undefined> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = spec.default;
  const given = new Set<string>();
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
    const { name, spec, inline, negated } = lookUp(specs, arg);
    const text = spec.type === "boolean" ? (inline ?? String(!negated)) : (inline ?? nextValue(`--${name}`, queue));
    // What is given first takes the default's place; what is given again is added to it.
    const before = given.has(name) ? values[name] : undefined;
    given.add(name);
    try {
      values[name] = readValue(spec.type, text, before);
    } catch (cause) {
      throw new UsageError(`--${name}: ${(cause as Error).message}`, { cause });
    }
  }
  return { flags: values as Flags<S>, rest, given, warnings: warningsOf(specs, given) };
}

function warningsOf(specs: FlagSpecs, given: Iterable<string>): string[] {
  return [...given].flatMap((name) => {
    const { ignored, deprecated } = specs[name] ?? {};
    return [
      ...(deprecated === undefined ? [] : [`Flag --${name} has been deprecated, ${deprecated}`]),
      ...(ignored === undefined ? [] : [`Flag --${name} has no effect: ${ignored}`]),
    ];
  });
}

interface Found {
  readonly name: string;
  readonly spec: FlagSpec;
  /** What follows `=`. */
  readonly inline: string | undefined;
  /** `--no-name` */
  readonly negated: boolean;
}

function lookUp(specs: FlagSpecs, arg: string): Found {
  const [head, ...tail] = arg.split("=") as [string, ...string[]];
  const inline = tail.length === 0 ? undefined : tail.join("=");
  const bare = head.replace(/^--?/, "");
  if (!head.startsWith("--")) {
    const short = Object.entries(specs).find(([, spec]) => spec.short !== undefined && bare[0] === spec.short);
    if (short !== undefined && bare.length === 1) return { name: short[0], spec: short[1], inline, negated: false };
    // `-v4`, unless it is a long name with one dash.
    if (short !== undefined && short[1].type !== "boolean" && !Object.hasOwn(specs, bare))
      return { name: short[0], spec: short[1], inline: arg.slice(2), negated: false };
  }
  const find = (name: string) => (Object.hasOwn(specs, name) ? specs[name] : undefined);
  // Upstream's programs take `--etcd_servers` too.
  for (const name of [bare, bare.replaceAll("_", "-")]) {
    const spec = find(name);
    if (spec !== undefined) return { name, spec, inline, negated: false };
  }
  const positive = bare.replace(/^no-/, "");
  const negatable = bare.startsWith("no-") && inline === undefined ? find(positive) : undefined;
  if (negatable?.type === "boolean") return { name: positive, spec: negatable, inline, negated: true };
  const near = nearest(bare, Object.keys(specs));
  throw new UsageError(`unknown flag ${head}${near === undefined ? "" : `; did you mean --${near}?`}`);
}

function nextValue(flag: string, queue: string[]): string {
  const value = queue.shift();
  if (value === undefined) throw new UsageError(`${flag} needs a value`);
  return value;
}
