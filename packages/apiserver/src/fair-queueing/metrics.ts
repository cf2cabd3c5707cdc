/** `apiserver_flowcontrol_*` in Prometheus' text format. Names and help texts' meaning are upstream's. */

import { pushAll } from "@kubets/apimachinery";
import type { FairQueueing } from "./fair-queueing.ts";
import { durationBuckets, type FlowCounters, type Histogram } from "./flow-counters.ts";

const prefix = "apiserver_flowcontrol";

type Labels = Readonly<Record<string, string>>;

function line(name: string, labels: Labels, value: number): string {
  const parts = Object.entries(labels).map(([label, text]) => `${label}=${JSON.stringify(text)}`);
  return `${prefix}_${name}${parts.length === 0 ? "" : `{${parts.join(",")}}`} ${value}`;
}

function head(name: string, type: "counter" | "gauge" | "histogram", help: string): string[] {
  return [`# HELP ${prefix}_${name} ${help}`, `# TYPE ${prefix}_${name} ${type}`];
}

function histogramLines(name: string, labels: Labels, { counts, sum, count }: Histogram): string[] {
  if (count === 0) return [];
  let below = 0;
  const buckets = durationBuckets.map((le, i) => {
    below += counts[i]!;
    return line(`${name}_bucket`, { ...labels, le: String(le) }, below);
  });
  return [
    ...buckets,
    line(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    line(`${name}_sum`, labels, sum),
    line(`${name}_count`, labels, count),
  ];
}

type Reading = readonly [name: string, type: "counter" | "gauge", help: string, of: (counters: FlowCounters) => number];

const readings: readonly Reading[] = [
  [
    "dispatched_requests_total",
    "counter",
    "Number of requests executed by API Priority and Fairness subsystem",
    (c) => c.dispatched,
  ],
  [
    "current_inqueue_requests",
    "gauge",
    "Number of requests currently pending in queues of the API Priority and Fairness subsystem",
    (c) => c.waiting,
  ],
  [
    "current_inqueue_seats",
    "gauge",
    "Number of seats currently pending in queues of the API Priority and Fairness subsystem",
    (c) => c.waitingSeats,
  ],
  [
    "current_executing_requests",
    "gauge",
    "Number of requests in initial (for a WATCH) or any (for a non-WATCH) execution stage in the API Priority and Fairness subsystem",
    (c) => c.executing,
  ],
  [
    "current_executing_seats",
    "gauge",
    "Concurrency (number of seats) occupied by the currently executing (initial stage for a WATCH, any stage otherwise) requests in the API Priority and Fairness subsystem",
    (c) => c.executingSeats,
  ],
  [
    "request_dispatch_no_accommodation_total",
    "counter",
    "Number of times a dispatch attempt resulted in a non accommodation due to lack of available seats",
    (c) => c.noAccommodation,
  ],
];

export function fairQueueingMetrics(queueing: FairQueueing): string[] {
  const flows = [...queueing.counters].map(([key, counters]) => {
    const [schema = "", level = ""] = key.split("/");
    return { labels: { flow_schema: schema, priority_level: level }, counters };
  });
  const lines: string[] = [];
  for (const [name, type, help, of] of readings) {
    pushAll(lines, [
      ...head(name, type, help),
      ...flows.map(({ labels, counters }) => line(name, labels, of(counters))),
    ]);
  }
  pushAll(
    lines,
    head("rejected_requests_total", "counter", "Number of requests rejected by API Priority and Fairness subsystem"),
  );
  for (const { labels, counters } of flows) {
    for (const [reason, count] of counters.rejected)
      lines.push(line("rejected_requests_total", { ...labels, reason }, count));
  }
  pushAll(
    lines,
    head("request_wait_duration_seconds", "histogram", "Length of time a request spent waiting in its queue"),
  );
  for (const { labels, counters } of flows) {
    pushAll(
      lines,
      histogramLines("request_wait_duration_seconds", { ...labels, execute: "true" }, counters.waitExecuted),
    );
    pushAll(
      lines,
      histogramLines("request_wait_duration_seconds", { ...labels, execute: "false" }, counters.waitRejected),
    );
  }
  pushAll(
    lines,
    head(
      "request_execution_seconds",
      "histogram",
      "Duration of initial stage (for a WATCH) or any (for a non-WATCH) stage of request execution in the API Priority and Fairness subsystem",
    ),
  );
  for (const { labels, counters } of flows) {
    pushAll(lines, histogramLines("request_execution_seconds", { ...labels, type: "regular" }, counters.execution));
  }
  return [...lines, ...levelLines(queueing)];
}

function levelLines(queueing: FairQueueing): string[] {
  const levels = [...queueing.levels].map(([name, configured]) => ({
    labels: { priority_level: name },
    ...configured,
  }));
  type Row = (typeof levels)[number];
  const gauges: readonly (readonly [string, string, (row: Row) => number])[] = [
    [
      "nominal_limit_seats",
      "Nominal number of execution seats configured for each priority level",
      ({ limits }) => limits.nominal,
    ],
    [
      "lower_limit_seats",
      "Configured lower bound on number of execution seats available to each priority level",
      ({ limits }) => limits.lower,
    ],
    [
      "upper_limit_seats",
      "Configured upper bound on number of execution seats available to each priority level",
      ({ limits }) => limits.upper,
    ],
    [
      "current_limit_seats",
      "current derived number of execution seats available to each priority level",
      ({ level }) => level.limit,
    ],
    [
      "demand_seats_high_watermark",
      "High watermark, over last adjustment period, of number of seats each priority level could use",
      ({ level }) => level.demand.highWatermark,
    ],
    [
      "demand_seats_average",
      "Time-weighted average, over last adjustment period, of number of seats each priority level could use",
      ({ level }) => level.demand.average,
    ],
    [
      "demand_seats_stdev",
      "Time-weighted standard deviation, over last adjustment period, of number of seats each priority level could use",
      ({ level }) => level.demand.deviation,
    ],
    ["demand_seats_smoothed", "Smoothed seat demands", ({ level }) => level.demand.smoothed],
  ];
  const lines = gauges.flatMap(([name, help, of]) => [
    ...head(name, "gauge", help),
    ...levels.map((row) => line(name, row.labels, of(row))),
  ]);
  pushAll(
    lines,
    head(
      "seat_fair_frac",
      "gauge",
      "Fair fraction of server's concurrency to allocate to each priority level that can use it",
    ),
  );
  return [...lines, line("seat_fair_frac", {}, queueing.fairFraction)];
}
