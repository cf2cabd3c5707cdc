/** `apiserver_flowcontrol_*` in Prometheus' text format, and how many requests wait by kind. Names, labels and help texts are upstream's. */

import type { Clock } from "@kubets/apimachinery";
import type { FairQueueing } from "./fair-queueing.ts";
import type { FlowCounters, Histogram } from "./flow-counters.ts";
import type { Level } from "./level.ts";

type Labels = Readonly<Record<string, string>>;
type Stability = "ALPHA" | "BETA" | "STABLE";
/** One member of a metric: a number, or a histogram. */
type Sample = readonly [labels: Labels, value: number | Histogram];

class Lines {
  readonly all: string[] = [];

  add(
    name: string,
    type: "counter" | "gauge" | "histogram",
    stability: Stability,
    help: string,
    samples: readonly Sample[],
  ) {
    if (samples.length === 0) return;
    this.all.push(`# HELP ${name} [${stability}] ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of samples) {
      if (typeof value === "number") this.#line(name, labels, value);
      else this.#histogram(name, labels, value);
    }
  }

  /** What was so for how long, in nanoseconds. */
  addTimed(name: string, help: string, samples: readonly Sample[]) {
    const text = `# HELP ${name} EXPERIMENTAL: [ALPHA] ${help}`;
    const at = this.all.length;
    this.add(name, "histogram", "ALPHA", help, samples);
    if (this.all.length > at) this.all[at] = text;
  }

  #line(name: string, labels: Labels, value: number): void {
    const parts = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
    this.all.push(`${name}${parts.length === 0 ? "" : `{${parts.join(",")}}`} ${value}`);
  }

  #histogram(name: string, labels: Labels, { bounds, counts, sum, count }: Histogram): void {
    let below = 0;
    for (const [i, le] of bounds.entries()) {
      below += counts[i]!;
      this.#line(`${name}_bucket`, { ...labels, le: String(le) }, Math.round(below));
    }
    this.#line(`${name}_bucket`, { ...labels, le: "+Inf" }, Math.round(count));
    this.#line(`${name}_sum`, labels, sum);
    this.#line(`${name}_count`, labels, Math.round(count));
  }
}

const prefix = "apiserver_flowcontrol";

/** @param clock that of the queueing */
export function fairQueueingMetrics(queueing: FairQueueing, clock: Clock): string[] {
  const lines = new Lines();
  for (const { level } of queueing.levels.values()) level.sync();
  addFlows(lines, queueing);
  addLevels(lines, queueing);
  addKinds(lines, queueing, clock.monotonic());
  return lines.all;
}

function addFlows(lines: Lines, queueing: FairQueueing): void {
  const flows = [...queueing.counters].map(([key, counters]) => {
    const [schema = "", level = ""] = key.split("/");
    return { labels: { flow_schema: schema, priority_level: level }, counters };
  });
  const numbers = (of: (counters: FlowCounters) => number): Sample[] =>
    flows.map(({ labels, counters }) => [labels, of(counters)]);
  const histograms = (of: (counters: FlowCounters) => readonly (readonly [Labels, Histogram])[]): Sample[] =>
    flows.flatMap(({ labels, counters }) =>
      of(counters).flatMap(([more, histogram]): Sample[] =>
        histogram.count === 0 ? [] : [[{ ...labels, ...more }, histogram]],
      ),
    );
  const rejected = flows.flatMap(({ labels, counters }) =>
    [...counters.rejected].map(([reason, count]): Sample => [{ ...labels, reason }, count]),
  );
  const rejections = "Number of requests rejected by API Priority and Fairness subsystem";
  lines.add(`${prefix}_rejected_requests_total`, "counter", "BETA", rejections, rejected);
  for (const [name, type, stability, help, of] of flowNumbers)
    lines.add(`${prefix}_${name}`, type, stability, help, numbers(of));
  for (const [name, stability, help, of] of flowHistograms)
    lines.add(`${prefix}_${name}`, "histogram", stability, help, histograms(of));
}

type FlowNumber = readonly [string, "counter" | "gauge", Stability, string, (counters: FlowCounters) => number];

const flowNumbers: readonly FlowNumber[] = [
  [
    "dispatched_requests_total",
    "counter",
    "BETA",
    "Number of requests executed by API Priority and Fairness subsystem",
    (c) => c.dispatched,
  ],
  [
    "current_inqueue_requests",
    "gauge",
    "BETA",
    "Number of requests currently pending in queues of the API Priority and Fairness subsystem",
    (c) => c.waiting,
  ],
  [
    "current_inqueue_seats",
    "gauge",
    "ALPHA",
    "Number of seats currently pending in queues of the API Priority and Fairness subsystem",
    (c) => c.waitingSeats,
  ],
  [
    "current_executing_requests",
    "gauge",
    "BETA",
    "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem",
    (c) => c.executing,
  ],
  [
    "current_executing_seats",
    "gauge",
    "BETA",
    "Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem",
    (c) => c.executingSeats,
  ],
  [
    "request_dispatch_no_accommodation_total",
    "counter",
    "ALPHA",
    "Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats",
    (c) => c.noAccommodation,
  ],
];

type FlowHistogram = readonly [
  string,
  Stability,
  string,
  (counters: FlowCounters) => readonly (readonly [Labels, Histogram])[],
];

const flowHistograms: readonly FlowHistogram[] = [
  [
    "request_queue_length_after_enqueue",
    "ALPHA",
    "Length of queue in the API Priority and Fairness subsystem, as seen by each request after it is enqueued",
    (c) => [[{}, c.queueLength]],
  ],
  [
    "request_wait_duration_seconds",
    "BETA",
    "Length of time a request spent waiting in its queue",
    (c) => [
      [{ execute: "true" }, c.waitExecuted],
      [{ execute: "false" }, c.waitRejected],
    ],
  ],
  [
    "request_execution_seconds",
    "ALPHA",
    "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem",
    (c) => [
      [{ type: "regular" }, c.execution],
      [{ type: "watch" }, c.watchInitialization],
    ],
  ],
  [
    "watch_count_samples",
    "ALPHA",
    "count of watchers for mutating requests in API Priority and Fairness",
    (c) => [[{}, c.watchers]],
  ],
  [
    "work_estimated_seats",
    "ALPHA",
    "Number of estimated seats (maximum of initial and final seats) associated with requests in API Priority and Fairness",
    (c) => [[{}, c.workSeats]],
  ],
];

interface LevelRow {
  readonly level: Level;
  readonly limits: { readonly nominal: number; readonly lower: number; readonly upper: number };
  readonly target: number;
}

const levelNumbers: readonly (readonly [string, Stability, string, (row: LevelRow) => number])[] = [
  ["current_r", "ALPHA", "R(time of last change)", ({ level }) => level.progress],
  ["dispatch_r", "ALPHA", "R(time of last dispatch)", ({ level }) => level.lastDispatch.r],
  ["latest_s", "ALPHA", "S(most recently dispatched request)", ({ level }) => level.lastDispatch.s],
  [
    "nominal_limit_seats",
    "BETA",
    "Nominal number of execution seats configured for each priority level",
    ({ limits }) => limits.nominal,
  ],
  [
    "lower_limit_seats",
    "ALPHA",
    "Configured lower bound on number of execution seats available to each priority level",
    ({ limits }) => limits.lower,
  ],
  [
    "upper_limit_seats",
    "ALPHA",
    "Configured upper bound on number of execution seats available to each priority level",
    ({ limits }) => limits.upper,
  ],
  [
    "demand_seats_high_watermark",
    "ALPHA",
    "High watermark, over last adjustment period, of demand_seats",
    ({ level }) => level.demand.highWatermark,
  ],
  [
    "demand_seats_average",
    "ALPHA",
    "Time-weighted average, over last adjustment period, of demand_seats",
    ({ level }) => level.demand.average,
  ],
  [
    "demand_seats_stdev",
    "ALPHA",
    "Time-weighted standard deviation, over last adjustment period, of demand_seats",
    ({ level }) => level.demand.deviation,
  ],
  ["demand_seats_smoothed", "ALPHA", "Smoothed seat demands", ({ level }) => level.demand.smoothed],
  ["target_seats", "ALPHA", "Seat allocation targets", ({ target }) => target],
  [
    "current_limit_seats",
    "ALPHA",
    "current derived number of execution seats available to each priority level",
    ({ level }) => level.limit,
  ],
];

function addLevels(lines: Lines, queueing: FairQueueing): void {
  const rows = [...queueing.levels].map(([name, { level, limits }]) => ({
    labels: { priority_level: name },
    level,
    limits,
    target: queueing.targets.get(name) ?? 0,
  }));
  for (const [name, stability, help, of] of levelNumbers) {
    const samples = rows.map((row): Sample => [row.labels, of(row)]);
    lines.add(`${prefix}_${name}`, "gauge", stability, help, samples);
  }
  const bounds = (least: "least" | "leastDiscounted", most: "most" | "mostDiscounted") =>
    rows.flatMap(({ labels, level: { lastDispatch } }): Sample[] => [
      [{ bound: "min", ...labels }, lastDispatch[least]],
      [{ bound: "max", ...labels }, lastDispatch[most]],
    ]);
  const oldest = "min and max, over queues, of S(oldest waiting request in queue)";
  lines.add(`${prefix}_next_s_bounds`, "gauge", "ALPHA", oldest, bounds("least", "most"));
  const discounted = `${oldest} - estimated work in progress`;
  const discountedBounds = bounds("leastDiscounted", "mostDiscounted");
  lines.add(`${prefix}_next_discounted_s_bounds`, "gauge", "ALPHA", discounted, discountedBounds);
  const fair = "Fair fraction of server's concurrency to allocate to each priority level that can use it";
  lines.add(`${prefix}_seat_fair_frac`, "gauge", "ALPHA", fair, [[{}, queueing.fairFraction]]);
  lines.addTimed(
    `${prefix}_priority_level_seat_utilization`,
    "Observations, at the end of every nanosecond, of utilization of seats for any stage of execution (but only initial stage for WATCHes)",
    rows.map(({ labels, level }) => [{ phase: "executing", ...labels }, level.utilization.seats]),
  );
  lines.addTimed(
    `${prefix}_priority_level_request_utilization`,
    "Observations, at the end of every nanosecond, of number of requests (as a fraction of the relevant limit) waiting or in any stage of execution (but only initial stage for WATCHes)",
    rows.flatMap(({ labels, level: { utilization } }): Sample[] => [
      [{ phase: "executing", ...labels }, utilization.executing],
      [{ phase: "waiting", ...labels }, utilization.waiting],
    ]),
  );
  lines.addTimed(
    `${prefix}_demand_seats`,
    "Observations, at the end of every nanosecond, of (the number of seats each priority level could use) / (nominal number of seats for that level)",
    rows.map(({ labels, level }) => [labels, level.utilization.demand]),
  );
}

function addKinds(lines: Lines, { gauges }: FairQueueing, now: number): void {
  const kinds = [
    ["mutating", gauges.mutating],
    ["readOnly", gauges.readOnly],
  ] as const;
  const phases = ["executing", "waiting"] as const;
  const most = kinds.map(([kind, { waiting }]): Sample => [{ request_kind: kind }, waiting.highWatermark(now)]);
  const inQueue = "Maximal number of queued requests in this apiserver per request kind in last second.";
  lines.add("apiserver_current_inqueue_requests", "gauge", "ALPHA", inQueue, most);
  lines.addTimed(
    `${prefix}_read_vs_write_current_requests`,
    "Observations, at the end of every nanosecond, of the number of requests (as a fraction of the relevant limit) waiting or in regular stage of execution",
    phases.flatMap((phase) =>
      kinds.map(([kind, gauge]): Sample => [{ phase, request_kind: kind }, gauge[phase].shares]),
    ),
  );
}
