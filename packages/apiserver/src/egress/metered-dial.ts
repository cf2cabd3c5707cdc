/** `apiserver_egress_dialer_*`. Source: apiserver's pkg/server/egressselector/metrics. */

import type { Clock } from "@kubets/apimachinery";
import type { MetricsRegistry } from "../metrics/families.ts";
import type { Dial } from "./egress.ts";

/** What went wrong before the proxy was asked: it could not be reached itself. */
export class ProxyUnreachableError extends Error {}

const buckets = [0.005, 0.025, 0.1, 0.5, 2.5, 12.5];

export function metered(
  dial: Dial,
  meters: MetricsRegistry,
  clock: Clock,
  { protocol, transport }: { readonly protocol: string; readonly transport: string },
): Dial {
  const name = (what: string) => `apiserver_egress_dialer_dial_${what}`;
  const labels = ["protocol", "transport"];
  const starts = meters.counter(name("start_total"), "ALPHA", "Connections that were begun through proxies.", labels);
  const help = "How long it took to connect through proxies.";
  const seconds = meters.histogram(name("duration_seconds"), "ALPHA", help, labels, buckets);
  const failureLabels = [...labels, "stage"];
  const why = "Connections through proxies that failed, before (connect) or after the proxy was there to ask (proxy).";
  const failures = meters.counter(name("failure_count"), "ALPHA", why, failureLabels);
  return async (host, port) => {
    starts.with(protocol, transport).value++;
    const start = clock.monotonic();
    try {
      const socket = await dial(host, port);
      seconds.with(protocol, transport).observe((clock.monotonic() - start) / 1000);
      return socket;
    } catch (error) {
      failures.with(protocol, transport, error instanceof ProxyUnreachableError ? "connect" : "proxy").value++;
      throw error;
    }
  };
}
