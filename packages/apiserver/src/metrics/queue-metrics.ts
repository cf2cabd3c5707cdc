/** workqueue_*. Source: component-base's metrics/prometheus/workqueue. */

import type { WorkQueueMeter } from "@kubets/apimachinery";
import { exponentialBuckets, type MetricsRegistry } from "./families.ts";

const buckets = exponentialBuckets(1e-8, 10, 10);

const followed = new WeakMap<MetricsRegistry, Map<string, () => number[]>>();

/** The queues of a registry, by name: of two of one name, the later one is told of. */
function inWorkOf(metrics: MetricsRegistry): Map<string, () => number[]> {
  const known = followed.get(metrics);
  if (known !== undefined) return known;
  const queues = new Map<string, () => number[]>();
  followed.set(metrics, queues);
  const gauge = (what: string, help: string) => metrics.gauge(`workqueue_${what}`, "BETA", help, ["name"]);
  const unfinished = gauge("unfinished_work_seconds", "How long all keys in work together have been worked on.");
  const longest = gauge("longest_running_processor_seconds", "How long the oldest key in work has been worked on.");
  metrics.collect(() => {
    for (const [name, inWork] of queues) {
      const ages = inWork().map((ms) => ms / 1000);
      unfinished.with(name).value = ages.reduce((total, age) => total + age, 0);
      longest.with(name).value = Math.max(0, ...ages);
    }
    return [];
  });
  return queues;
}

export function workQueueMeter(metrics: MetricsRegistry, name: string): WorkQueueMeter {
  const labels = ["name"];
  const counter = (what: string, help: string) => metrics.counter(`workqueue_${what}`, "BETA", help, labels).with(name);
  const seconds = (what: string, help: string) =>
    metrics.histogram(`workqueue_${what}`, "BETA", help, labels, buckets).with(name);
  const depth = metrics.gauge("workqueue_depth", "BETA", "Keys that wait in the queue.", labels).with(name);
  const adds = counter("adds_total", "Keys that were added.");
  const retries = counter("retries_total", "Keys that were to come back later.");
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
    follow: (inWork) => void inWorkOf(metrics).set(name, inWork),
  };
}
