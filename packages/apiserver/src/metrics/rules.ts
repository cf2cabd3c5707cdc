/**
 * What an administrator says about metrics: some are not served, and some labels have only the values that are named, all others counting together.
 * Source: component-base's metrics/options.go (`--disabled-metrics`, `--allow-metric-labels`).
 */

/** `--disabled-metrics` and `--allow-metric-labels`, read. */
export interface MetricRules {
  /** Names of metrics that are not served. */
  readonly disabled: ReadonlySet<string>;
  /** By metric and label: the values that are told apart. */
  readonly allowed: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

export const noRules: MetricRules = { disabled: new Set(), allowed: new Map() };

/** What stands for every value that is not allowed. */
const unexpected = "unexpected";

type Values = readonly (string | number | boolean)[];

/** The labels of one metric. */
export class LabelLimits {
  /** By the labels' positions; undefined for a label without limit. */
  readonly #allowed: readonly (ReadonlySet<string> | undefined)[];
  readonly #count: () => void;

  private constructor(allowed: readonly (ReadonlySet<string> | undefined)[], count: () => void) {
    this.#allowed = allowed;
    this.#count = count;
  }

  /** @param count is told of each value that is not allowed. @returns undefined when nothing is said about these labels */
  static of(rules: MetricRules, name: string, labels: readonly string[], count: () => void): LabelLimits | undefined {
    const byLabel = rules.allowed.get(name);
    if (byLabel === undefined || !labels.some((label) => byLabel.has(label))) return undefined;
    return new LabelLimits(
      labels.map((label) => byLabel.get(label)),
      count,
    );
  }

  constrain(values: Values): Values {
    return values.map((value, at) => {
      const allowed = this.#allowed[at];
      if (allowed === undefined || allowed.has(String(value))) return value;
      this.#count();
      return unexpected;
    });
  }
}

/**
 * The rules for lines that were made elsewhere: metrics that are disabled are left out, and series that fall together are added up, but of a gauge the last
 * one stands.
 */
export function ruledLines(lines: readonly string[], rules: MetricRules, count: () => void): readonly string[] {
  if (rules.disabled.size === 0 && rules.allowed.size === 0) return lines;
  return blocksOf(lines).flatMap((block) => {
    if (rules.disabled.has(block.name)) return [];
    const byLabel = rules.allowed.get(block.name);
    return byLabel === undefined ? block.lines : merged(block, byLabel, count);
  });
}

interface Block {
  readonly name: string;
  readonly lines: string[];
}

/** Every metric begins with its help. */
function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  for (const line of lines) {
    const name = /^# HELP (\S+)/.exec(line)?.[1];
    if (name !== undefined) blocks.push({ name, lines: [] });
    else if (blocks.length === 0) blocks.push({ name: "", lines: [] });
    blocks.at(-1)!.lines.push(line);
  }
  return blocks;
}

const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

function merged({ lines }: Block, byLabel: ReadonlyMap<string, ReadonlySet<string>>, count: () => void): string[] {
  const isGauge = lines.some((line) => /^# TYPE \S+ gauge$/.test(line));
  const heads = lines.filter((line) => line.startsWith("#"));
  const series = new Map<string, number>();
  for (const line of lines) {
    if (line.startsWith("#")) continue;
    const end = line.lastIndexOf(" ");
    const key = line.slice(0, end).replace(labelPattern, (pair: string, label: string, text: string) => {
      const allowed = byLabel.get(label);
      if (allowed === undefined || allowed.has(unescaped(text))) return pair;
      count();
      return `${label}="${unexpected}"`;
    });
    const value = Number(line.slice(end + 1));
    series.set(key, isGauge ? value : (series.get(key) ?? 0) + value);
  }
  return [...heads, ...[...series].map(([key, value]) => `${key} ${value}`)];
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}
