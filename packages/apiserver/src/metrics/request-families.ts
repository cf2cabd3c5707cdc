/** The families of metrics about requests: upstream's names, labels and buckets, in our words. */

import { exponentialBuckets, type MetricsRegistry } from "./families.ts";

/** Upstream's, of everything that is a request's or the store's time. */
export const latencyBuckets: readonly number[] = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];

const requestLabels = ["verb", "group", "version", "resource", "subresource", "scope", "component"];
const dryRunLabels = ["verb", "dry_run", ...requestLabels.slice(1)];

export type RequestFamilies = ReturnType<typeof requestFamilies>;

export function requestFamilies(metrics: MetricsRegistry) {
  return { ...answered(metrics), ...running(metrics) };
}

/** Of requests that have been answered. */
function answered(metrics: MetricsRegistry) {
  return {
    total: metrics.counter(
      "apiserver_request_total",
      "STABLE",
      "Requests by verb, dry run, group, version, resource, scope, component and HTTP code.",
      [...dryRunLabels, "code"],
    ),
    duration: metrics.histogram(
      "apiserver_request_duration_seconds",
      "STABLE",
      "How long requests took, by verb, dry run, group, version, resource, subresource, scope and component.",
      dryRunLabels,
      latencyBuckets,
    ),
    sli: metrics.histogram(
      "apiserver_request_sli_duration_seconds",
      "ALPHA",
      "How long requests took, without the time of webhooks and of waiting for a seat.",
      requestLabels,
      [0.05, ...latencyBuckets.slice(3)],
    ),
    size: metrics.histogram(
      "apiserver_response_sizes",
      "STABLE",
      "Bytes of answers to reads.",
      requestLabels,
      exponentialBuckets(1000, 10, 7),
    ),
    terminations: metrics.counter(
      "apiserver_request_terminations_total",
      "ALPHA",
      "Requests that the server ended in self-defence.",
      [...requestLabels, "code"],
    ),
    deprecated: metrics.gauge(
      "apiserver_requested_deprecated_apis",
      "STABLE",
      "1 for deprecated APIs that were asked for, by group, version, resource, subresource and the release that removes them.",
      ["group", "version", "resource", "subresource", "removed_release"],
    ),
  };
}

/** Of those that go on. */
function running(metrics: MetricsRegistry) {
  return {
    longRunning: metrics.gauge(
      "apiserver_longrunning_requests",
      "STABLE",
      "Long-running requests that are open, by verb, group, version, resource, scope and component.",
      requestLabels,
    ),
    inflight: metrics.gauge(
      "apiserver_current_inflight_requests",
      "STABLE",
      "The most requests that were served at once in the last second, by kind.",
      ["request_kind"],
    ),
    watchEvents: metrics.counter("apiserver_watch_events_total", "BETA", "Events sent to watchers.", [
      "group",
      "version",
      "resource",
    ]),
    watchSizes: metrics.histogram(
      "apiserver_watch_events_sizes",
      "BETA",
      "Bytes of events sent to watchers, on average over those that were sent together.",
      ["group", "version", "resource"],
      exponentialBuckets(1024, 2, 8),
    ),
  };
}
