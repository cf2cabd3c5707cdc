import { test } from "node:test";
import { acceptsAndRefuses, podOf, podWithContainer } from "./pod-test-objects.ts";

const ok = podOf();

test("probes and hooks", () => {
  acceptsAndRefuses([
    [
      "a handler",
      podWithContainer({ livenessProbe: { exec: { command: ["true"] } } }),
      podWithContainer({ livenessProbe: {} }),
      ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
    ],
    [
      "only one",
      ok,
      podWithContainer({ readinessProbe: { tcpSocket: { port: 80 }, grpc: { port: 80 } } }),
      ["spec.containers[0].readinessProbe.grpc: Forbidden: may not specify more than 1 handler type"],
    ],
    [
      "one success is enough",
      podWithContainer({ readinessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      podWithContainer({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
    ],
    [
      "port names",
      podWithContainer({ livenessProbe: { httpGet: { port: "http" } } }),
      podWithContainer({ livenessProbe: { httpGet: { port: "-" } } }),
      [
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "-": must contain at least one letter (a-z)',
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "-": must not begin or end with a hyphen',
      ],
    ],
    [
      "sleep within the grace period",
      podWithContainer({ lifecycle: { preStop: { sleep: { seconds: 30 } } } }),
      podWithContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      [
        "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)",
      ],
    ],
  ]);
});
