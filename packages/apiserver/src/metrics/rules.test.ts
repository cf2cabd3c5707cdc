import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsRegistry } from "./families.ts";
import type { MetricRules } from "./rules.ts";

const rules: MetricRules = {
  disabled: new Set(["costly_total", "other_seconds"]),
  allowed: new Map([
    ["requests_total", new Map([["verb", new Set(["GET", "LIST"])]])],
    ["queued", new Map([["user", new Set(["a"])]])],
    ["waits_seconds", new Map([["user", new Set(['o"dd'])]])],
  ]),
};

test("what is disabled is not served, whoever makes it", async () => {
  const metrics = new MetricsRegistry(rules);
  metrics.counter("costly_total", "ALPHA", "Much.").with().value = 3;
  metrics.tellOfItself();
  metrics.collect(() => [
    "# HELP other_seconds x",
    "# TYPE other_seconds gauge",
    "other_seconds 1",
    "# HELP kept y",
    "kept 2",
  ]);
  const found = (await metrics.text()).split("\n");
  assert.deepEqual(
    found.filter((line) => /costly|other|kept/.test(line)),
    ["# HELP kept y", "kept 2"],
  );
  assert.ok(found.includes("disabled_metrics_total 2"));
});

test("values that are not allowed count together", async () => {
  const metrics = new MetricsRegistry(rules);
  const requests = metrics.counter("requests_total", "STABLE", "How many.", ["verb", "code"]);
  for (const verb of ["GET", "PROPFIND", "REPORT"]) requests.with(verb, 200).value++;
  assert.equal(requests.with("PROPFIND", 200), requests.with("MKCOL", 200));
  const text = await metrics.text();
  assert.match(text, /requests_total\{code="200",verb="GET"\} 1\n/);
  assert.match(text, /requests_total\{code="200",verb="unexpected"\} 2\n/);
  assert.doesNotMatch(text, /PROPFIND|REPORT|MKCOL/);
  assert.match(text, /^cardinality_enforcement_unexpected_categorizations_total 4$/m);
});

test("series that others print are added up, but of a gauge the last stands", async () => {
  const metrics = new MetricsRegistry(rules);
  metrics.collect(() => [
    ...["# HELP queued x", "# TYPE queued gauge", 'queued{user="a"} 1', 'queued{user="b"} 2', 'queued{user="c"} 5'],
    ...["# HELP waits_seconds x", "# TYPE waits_seconds histogram"],
    ...['b{user="x",le="1"} 1', 'b{user="y",le="1"} 2', 'b{user="o\\"dd",le="1"} 4'].map((b) => `waits_seconds_${b}`),
  ]);
  const found = (await metrics.text()).split("\n");
  assert.deepEqual(
    found.filter((line) => /^(queued|waits)/.test(line)),
    [
      ...['queued{user="a"} 1', 'queued{user="unexpected"} 5'],
      ...['waits_seconds_b{user="unexpected",le="1"} 3', 'waits_seconds_b{user="o\\"dd",le="1"} 4'],
    ],
  );
});

test("what is said of the metrics themselves", async () => {
  const metrics = new MetricsRegistry();
  metrics.counter("a_total", "STABLE", "A.");
  metrics.tellOfItself();
  const text = await metrics.text();
  assert.match(text, /^registered_metrics_total\{deprecated_version="",stability_level="STABLE"\} 1$/m);
  assert.match(text, /^disabled_metrics_total 0$/m);
  assert.match(text, /^hidden_metrics_total 0$/m);
});
