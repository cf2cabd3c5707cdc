import { test } from "node:test";
import { acceptsAndRefuses, podWithContainer } from "./pod-test-objects.ts";

test("ports", () => {
  acceptsAndRefuses([
    [
      "numbers",
      podWithContainer({ ports: [{ containerPort: 80 }] }),
      podWithContainer({ ports: [{ containerPort: 70000 }] }),
      ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ],
    [
      "names",
      podWithContainer({ ports: [{ name: "http", containerPort: 80 }] }),
      podWithContainer({
        ports: [
          { name: "http", containerPort: 80 },
          { name: "http", containerPort: 81 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
    ],
    [
      "host ports",
      podWithContainer({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 80, hostPort: 80, protocol: "UDP" },
        ],
      }),
      podWithContainer({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 81, hostPort: 80 },
        ],
      }),
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      "protocol",
      podWithContainer({ ports: [{ containerPort: 80, protocol: "SCTP" }] }),
      podWithContainer({ ports: [{ containerPort: 80, protocol: "tcp" }] }),
      ['spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      "host network",
      podWithContainer({ ports: [{ containerPort: 80 }] }, { hostNetwork: true }),
      podWithContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
      [
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true",
      ],
    ],
  ]);
});
