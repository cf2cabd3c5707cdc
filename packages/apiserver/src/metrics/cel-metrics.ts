/** apiserver_cel_*: the rules of custom resources. Source: apiserver's cel/metrics. */

import type { Clock } from "@kubets/apimachinery";
import type { Histogram, MetricsRegistry } from "./families.ts";

export class CelMetrics {
  readonly #clock: Clock;
  readonly #compilation: Histogram;
  readonly #evaluation: Histogram;

  constructor(metrics: MetricsRegistry, clock: Clock) {
    this.#clock = clock;
    const family = (name: string, help: string) => metrics.histogram(`apiserver_cel_${name}`, "BETA", help).with();
    this.#compilation = family("compilation_duration_seconds", "How long the rules of a schema took to compile.");
    this.#evaluation = family("evaluation_duration_seconds", "How long the rules of an object took to evaluate.");
  }

  compiling<T>(work: () => T): T {
    return this.#timed(this.#compilation, work);
  }

  async compilingInSlices<T>(work: () => Promise<T>): Promise<T> {
    const start = this.#clock.monotonic();
    try {
      return await work();
    } finally {
      this.#compilation.observe((this.#clock.monotonic() - start) / 1000);
    }
  }

  evaluating<T>(work: () => T): T {
    return this.#timed(this.#evaluation, work);
  }

  #timed<T>(histogram: Histogram, work: () => T): T {
    const start = this.#clock.monotonic();
    try {
      return work();
    } finally {
      histogram.observe((this.#clock.monotonic() - start) / 1000);
    }
  }
}
