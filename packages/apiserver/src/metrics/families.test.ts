import assert from "node:assert/strict";
import { test } from "node:test";
import { exponentialBuckets, MetricsRegistry } from "./families.ts";

test("counters, gauges and histograms in Prometheus' text format", async () => {
  const metrics = new MetricsRegistry();
  const requests = metrics.counter("requests_total", "STABLE", "How many.", ["verb", "code"]);
  requests.with("GET", 200).value++;
  requests.with("GET", 200).value++;
  requests.with('a"\\\n', 404).value++;
  const times = metrics.histogram("seconds", "ALPHA", "How long.", ["of"], [0.1, 1]);
  for (const value of [0.1, 0.5, 7]) times.with("x").observe(value);
  times.with("x").observe(0.05, 2);
  metrics.gauge("level", "BETA", "How much.").with().value = 1.5;
  metrics.counter("never_total", "BETA", "Nothing.", ["a"]);
  metrics.collect(() => ["# of others"]);
  assert.equal(
    await metrics.text(),
    [
      "# HELP level [BETA] How much.",
      "# TYPE level gauge",
      "level 1.5",
      "# HELP requests_total [STABLE] How many.",
      "# TYPE requests_total counter",
      'requests_total{code="200",verb="GET"} 2',
      'requests_total{code="404",verb="a\\"\\\\\\n"} 1',
      "# HELP seconds [ALPHA] How long.",
      "# TYPE seconds histogram",
      'seconds_bucket{of="x",le="0.1"} 3',
      'seconds_bucket{of="x",le="1"} 4',
      'seconds_bucket{of="x",le="+Inf"} 5',
      'seconds_sum{of="x"} 7.699999999999999',
      'seconds_count{of="x"} 5',
      "# of others",
      "",
    ].join("\n"),
  );
  assert.equal(metrics.counter("requests_total", "STABLE", "How many.", ["verb", "code"]), requests);
  assert.deepEqual(exponentialBuckets(1000, 10, 3), [1000, 10_000, 100_000]);
});
