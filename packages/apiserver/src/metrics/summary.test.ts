import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { AdmissionMetrics } from "./admission-metrics.ts";
import { MetricsRegistry } from "./families.ts";
import { Summary } from "./summary.ts";

const hourMs = 3_600_000;

test("quantiles are within two per cent, over the last hours", async () => {
  const clock = new VirtualClock();
  const summary = new Summary(clock, 5 * hourMs);
  assert.deepEqual(summary.values(), [Number.NaN, Number.NaN, Number.NaN]);
  for (let i = 1; i <= 1000; i++) summary.observe(i / 1000);
  const near = (wanted: readonly number[]) => {
    for (const [i, value] of summary.values().entries())
      assert.ok(Math.abs(value / wanted[i]! - 1) < 0.021, `${value} ${wanted[i]}`);
  };
  near([0.5, 0.9, 0.99]);
  await clock.advance(2 * hourMs);
  for (let i = 0; i < 9000; i++) summary.observe(2);
  near([2, 2, 2]);
  await clock.advance(4 * hourMs);
  near([2, 2, 2]);
  await clock.advance(hourMs);
  assert.deepEqual(summary.values(), [Number.NaN, Number.NaN, Number.NaN]);
  assert.deepEqual([summary.count, summary.sum], [10_000, 18_500.5]);
  summary.observe(0);
  summary.observe(1e9);
});

test("a step of admission has one beside its histogram", async () => {
  const registry = new MetricsRegistry();
  const metrics = new AdmissionMetrics(registry, new VirtualClock());
  metrics.step("admit", "CREATE").admitted.observe(0.001);
  const name = "apiserver_admission_step_admission_duration_seconds_summary";
  const lines = (await registry.text()).split("\n").filter((line) => line.includes(name));
  const labels = 'operation="CREATE",rejected="false",type="admit"';
  const found = lines.map((line) => line.replace(/0\.00\d+$/, "x"));
  assert.deepEqual(found.slice(1), [
    `# TYPE ${name} summary`,
    ...["0.5", "0.9", "0.99"].map((quantile) => `${name}{${labels},quantile="${quantile}"} x`),
    `${name}_sum{${labels}} x`,
    `${name}_count{${labels}} 1`,
  ]);
  assert.match(lines[0]!, /\[ALPHA\]/);
});
