/**
 * rest_client_*: what this process asks of API servers and webhooks, itself included. Source: component-base's metrics/prometheus/restclient. Nothing here
 * slows its own requests down, so that rest_client_rate_limiter_duration_seconds has nothing to tell, as in upstream's server.
 */

import { exponentialBuckets, type MetricsRegistry, type Series } from "./families.ts";

export interface ClientMeter {
  sent(bytes: number): void;
  /** @param code undefined when there was no answer */
  answered(code: number | undefined, bytes?: number): void;
  took(ms: number): void;
}

/** The host of callers in this process, who need none. */
export const inProcessHost = "in-process";

const secondBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const byteBuckets = [64, 256, 512, 1024, ...exponentialBuckets(4096, 4, 7)];

/** @param verb the HTTP method */
export function clientMeter(metrics: MetricsRegistry, verb: string, host: string): ClientMeter {
  const labels = ["verb", "host"];
  const histogram = (what: string, help: string, buckets: readonly number[]) =>
    metrics.histogram(`rest_client_${what}`, "ALPHA", help, labels, buckets);
  const requests = metrics.counter("rest_client_requests_total", "ALPHA", "Requests sent, by answer.", [
    ...["code", "method", "host"],
  ]);
  const seconds = histogram("request_duration_seconds", "How long requests took.", secondBuckets);
  const sent = histogram("request_size_bytes", "How large requests were.", byteBuckets);
  const received = histogram("response_size_bytes", "How large answers were.", byteBuckets);
  const byCode = new Map<number | undefined, Series>();
  return {
    sent: (bytes) => sent.with(verb, host).observe(bytes),
    answered(code, bytes) {
      let series = byCode.get(code);
      if (series === undefined) {
        series = requests.with(code ?? "<error>", verb, host);
        byCode.set(code, series);
      }
      series.value++;
      if (bytes !== undefined) received.with(verb, host).observe(bytes);
    },
    took: (ms) => seconds.with(verb, host).observe(ms / 1000),
  };
}

/** By method. */
export function clientMeters(metrics: MetricsRegistry, host: string): (verb: string) => ClientMeter {
  const known = new Map<string, ClientMeter>();
  return (verb) => {
    let meter = known.get(verb);
    if (meter === undefined) {
      meter = clientMeter(metrics, verb, host);
      known.set(verb, meter);
    }
    return meter;
  };
}
