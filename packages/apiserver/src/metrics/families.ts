/**
 * Counters, gauges and histograms, and Prometheus' text format. A series is a plain object that its user keeps: counting is one addition, and looking a
 * series up by its labels is for those who have not done it yet. Names, labels and buckets are upstream's; so are the stability classes that begin a help text.
 */

import { type Clock, pushAll } from "@kubets/apimachinery";
import { LabelLimits, type MetricRules, noRules, ruledLines } from "./rules.ts";
import { quantiles, Summary } from "./summary.ts";

export type Stability = "ALPHA" | "BETA" | "STABLE";

/** What is counted, or measured: one number. */
export interface Series {
  value: number;
}

/** One distribution. */
export class Histogram {
  readonly bounds: readonly number[];
  /** How many fell into each bucket, and not into one before; the last is for those beyond all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.counts.reduce((total, each) => total + each, 0);
  }

  /** @param times how often it was seen */
  observe(value: number, times = 1): void {
    const { bounds } = this;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    this.counts[i]! += times;
    this.sum += value * times;
  }
}

/** `count` bounds from `start` on, each `factor` times the one before. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start * factor ** i);
}

/** Prometheus' own, for what says nothing else. */
const defaultBuckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Type = "counter" | "gauge" | "histogram" | "summary";

interface Head {
  readonly name: string;
  readonly help: string;
  readonly stability: Stability;
  readonly labels: readonly string[];
  /** Which values are told apart; undefined for all of them. */
  readonly limits: LabelLimits | undefined;
}

abstract class Family<T> {
  readonly #head: Head;
  readonly #type: Type;
  /** By the labels' values. */
  readonly #children = new Map<string, { readonly labels: string; readonly series: T }>();

  constructor(head: Head, type: Type) {
    this.#head = head;
    this.#type = type;
  }

  protected abstract make(): T;
  protected abstract print(name: string, labels: string, series: T): string[];

  get stability(): Stability {
    return this.#head.stability;
  }

  /** The series with these values, in the order of the labels; made when it is not there. */
  with(...given: readonly (string | number | boolean)[]): T {
    const { limits } = this.#head;
    const values = limits === undefined ? given : limits.constrain(given);
    const key = values.join("\0");
    let child = this.#children.get(key);
    if (child === undefined) {
      child = { labels: labelText(this.#head.labels, values), series: this.make() };
      this.#children.set(key, child);
    }
    return child.series;
  }

  /** Forgets a series. */
  remove(...values: readonly (string | number | boolean)[]): void {
    this.#children.delete(values.join("\0"));
  }

  clear(): void {
    this.#children.clear();
  }

  lines(): string[] {
    const { name, help, stability } = this.#head;
    if (this.#children.size === 0) return [];
    const lines = [`# HELP ${name} [${stability}] ${help}`, `# TYPE ${name} ${this.#type}`];
    for (const { labels, series } of this.#children.values()) pushAll(lines, this.print(name, labels, series));
    return lines;
  }
}

export class NumberFamily extends Family<Series> {
  protected make(): Series {
    return { value: 0 };
  }

  protected print(name: string, labels: string, { value }: Series): string[] {
    return [`${name}${braced(labels)} ${value}`];
  }
}

export class HistogramFamily extends Family<Histogram> {
  readonly #bounds: readonly number[];

  constructor(head: Head, bounds: readonly number[]) {
    super(head, "histogram");
    this.#bounds = bounds;
  }

  protected make(): Histogram {
    return new Histogram(this.#bounds);
  }

  protected print(name: string, labels: string, { bounds, counts, sum }: Histogram): string[] {
    const more = labels === "" ? "" : `${labels},`;
    let below = 0;
    const lines = counts.map((count, i) => {
      below += count;
      return `${name}_bucket{${more}le="${bounds[i] ?? "+Inf"}"} ${below}`;
    });
    return [...lines, `${name}_sum${braced(labels)} ${sum}`, `${name}_count${braced(labels)} ${below}`];
  }
}

export class SummaryFamily extends Family<Summary> {
  readonly #clock: Clock;
  readonly #maxAgeMs: number;

  constructor(head: Head, clock: Clock, maxAgeMs: number) {
    super(head, "summary");
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  protected make(): Summary {
    return new Summary(this.#clock, this.#maxAgeMs);
  }

  protected print(name: string, labels: string, summary: Summary): string[] {
    // Made beforehand, for who observes; there is nothing to tell of it.
    if (summary.count === 0) return [];
    const more = labels === "" ? "" : `${labels},`;
    const values = summary.values();
    return [
      ...quantiles.map((quantile, i) => `${name}{${more}quantile="${quantile}"} ${values[i]}`),
      `${name}_sum${braced(labels)} ${summary.sum}`,
      `${name}_count${braced(labels)} ${summary.count}`,
    ];
  }
}

/** Something that has lines of its own, made when it is asked. */
export type Collector = () => readonly string[] | Promise<readonly string[]>;

type AnyFamily = NumberFamily | HistogramFamily | SummaryFamily;

/** All metrics of one server. A family that is asked for twice is the same: parts that know nothing of each other count together. */
export class MetricsRegistry {
  readonly #families = new Map<string, AnyFamily>();
  readonly #collectors: Collector[] = [];
  readonly #rules: MetricRules;

  constructor(rules: MetricRules = noRules) {
    this.#rules = rules;
  }

  counter(name: string, stability: Stability, help: string, labels: readonly string[] = []): NumberFamily {
    return this.#family(name, () => new NumberFamily(this.#head(name, stability, help, labels), "counter"));
  }

  gauge(name: string, stability: Stability, help: string, labels: readonly string[] = []): NumberFamily {
    return this.#family(name, () => new NumberFamily(this.#head(name, stability, help, labels), "gauge"));
  }

  histogram(
    name: string,
    stability: Stability,
    help: string,
    labels: readonly string[] = [],
    bounds: readonly number[] = defaultBuckets,
  ): HistogramFamily {
    return this.#family(name, () => new HistogramFamily(this.#head(name, stability, help, labels), bounds));
  }

  /** @param maxAgeMs its quantiles are of what was seen since */
  summary(
    name: string,
    stability: Stability,
    help: string,
    labels: readonly string[],
    { clock, maxAgeMs }: { readonly clock: Clock; readonly maxAgeMs: number },
  ): SummaryFamily {
    return this.#family(name, () => new SummaryFamily(this.#head(name, stability, help, labels), clock, maxAgeMs));
  }

  /** Asked before the families are printed: it may set gauges, and give lines beside them. */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** The families alone, by name. */
  lines(): string[] {
    const served = [...this.#families].filter(([name]) => !this.#rules.disabled.has(name));
    return served.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, family]) => family.lines());
  }

  async text(): Promise<string> {
    const found = await Promise.all(this.#collectors.map(async (collector) => await collector()));
    const collected = ruledLines(found.flat(), this.#rules, () => this.#countUnexpected());
    return `${[...this.lines(), ...collected].join("\n")}\n`;
  }

  /** From now on it also says how many metrics there are, and what was done to them; under component-base's names. */
  tellOfItself(): void {
    const disabled = this.counter("disabled_metrics_total", "BETA", "How many metrics were disabled.").with();
    this.counter("hidden_metrics_total", "BETA", "How many metrics are hidden, being deprecated.").with();
    const labels = ["stability_level", "deprecated_version"];
    const help = "How many metrics there are, by stability.";
    const registered = this.counter("registered_metrics_total", "BETA", help, labels);
    this.collect(() => {
      disabled.value = this.#rules.disabled.size;
      registered.clear();
      for (const { stability } of this.#families.values()) registered.with(stability, "").value++;
      return [];
    });
  }

  #countUnexpected(): void {
    const help = "How often a label's value was not among those that are allowed.";
    this.counter("cardinality_enforcement_unexpected_categorizations_total", "ALPHA", help).with().value++;
  }

  #head(name: string, stability: Stability, help: string, labels: readonly string[]): Head {
    const limits = LabelLimits.of(this.#rules, name, labels, () => this.#countUnexpected());
    return { name, help, stability, labels, limits };
  }

  #family<T extends AnyFamily>(name: string, make: () => T): T {
    const known = this.#families.get(name);
    if (known !== undefined) return known as T;
    const made = make();
    this.#families.set(name, made);
    return made;
  }
}

/** Sorted by name, as Prometheus' own clients print them. */
function labelText(names: readonly string[], values: readonly (string | number | boolean)[]): string {
  if (names.length !== values.length) throw new Error(`${values.length} values for the labels ${names.join(", ")}`);
  const parts = names.map((name, i) => `${name}="${escaped(String(values[i]))}"`);
  return parts.sort().join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}
