/** workqueue_*. Source: component-base's metrics/prometheus/workqueue. */

import type { WorkQueueMeter } from "@kubets/apimachinery";
import { exponentialBuckets, type MetricsRegistry } from "./families.ts";

const buckets = exponentialBuckets(1e-8, 10, 10);

export function workQueueMeter(metrics: MetricsRegistry, name: string): WorkQueueMeter {
  const labels = ["name"];
  const counter = (what: string, help: string) =>
    metrics.counter(`workqueue_${what}`, "ALPHA", help, labels).with(name);
  const seconds = (what: string, help: string) =>
    metrics.histogram(`workqueue_${what}`, "ALPHA", help, labels, buckets).with(name);
  const depth = metrics.gauge("workqueue_depth", "ALPHA", "Keys that wait in the queue.", labels).with(name);
  const adds = counter("adds_total", "Keys that were added.");
  const retries = counter("retries_total", "Keys that were added again after a failure.");
  const waited = seconds("queue_duration_seconds", "How long keys waited in the queue.");
  const worked = seconds("work_duration_seconds", "How long the work on a key took.");
  return {
    added() {
      adds.value++;
      depth.value++;
    },
    started(waitedMs) {
      depth.value--;
      waited.observe(waitedMs / 1000);
    },
    ended: (workedMs) => worked.observe(workedMs / 1000),
    retried: () => void retries.value++,
  };
}
