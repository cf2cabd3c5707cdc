import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../generated/types.ts";
import {
  allContainers,
  findContainer,
  hostPorts,
  isHostNetwork,
  isMirrorPod,
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  podIPs,
} from "./pod-helpers.ts";

const ready = (since: string): Pod => ({
  status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: since }] },
});

test("containers of all kinds, init first", () => {
  const pod: Pod = {
    spec: {
      containers: [{ name: "app" }],
      initContainers: [{ name: "init" }],
      ephemeralContainers: [{ name: "debug" }],
    },
    status: { initContainerStatuses: [{ name: "init", image: "", imageID: "", ready: true, restartCount: 0 }] },
  };
  assert.deepEqual(
    [...allContainers(pod.spec)].map(({ kind, index, container }) => `${kind}[${index}] ${container.name}`),
    ["initContainers[0] init", "containers[0] app", "ephemeralContainers[0] debug"],
  );
  assert.equal(findContainer(pod, "debug")?.kind, "ephemeralContainers");
  assert.equal(findContainer(pod, "none"), undefined);
});

test("ready, and for how long", () => {
  const pod = ready("2026-01-02T03:04:05Z");
  const at = (text: string) => Date.parse(text);
  assert.equal(isPodReady(pod), true);
  assert.equal(isPodReady({}), false);
  assert.equal(isPodAvailable(pod, 0, 0), true);
  assert.equal(isPodAvailable(pod, 10, at("2026-01-02T03:04:14Z")), false);
  assert.equal(isPodAvailable(pod, 10, at("2026-01-02T03:04:15Z")), true);
});

test("finished, active, mirrored", () => {
  assert.equal(isPodTerminal({ status: { phase: "Failed" } }), true);
  assert.equal(isPodActive({ status: { phase: "Running" } }), true);
  assert.equal(isPodActive({ metadata: { deletionTimestamp: "2026-01-02T03:04:05Z" } }), false);
  assert.equal(isMirrorPod({ metadata: { annotations: { "kubernetes.io/config.mirror": "x" } } }), true);
  assert.equal(isHostNetwork({ spec: { containers: [], hostNetwork: true } }), true);
});

test("ports of the node: containers and sidecars", () => {
  const port = (hostPort: number) => [{ containerPort: 80, hostPort }];
  const pod: Pod = {
    spec: {
      containers: [{ name: "a", ports: [...port(1), { containerPort: 81 }] }],
      initContainers: [
        { name: "b", ports: port(2) },
        { name: "c", ports: port(3), restartPolicy: "Always" },
      ],
    },
  };
  assert.deepEqual(
    hostPorts(pod).map((each) => each.hostPort),
    [1, 3],
  );
});

test("addresses", () => {
  assert.deepEqual(podIPs({}), []);
  assert.deepEqual(podIPs({ status: { podIP: "10.0.0.1" } }), ["10.0.0.1"]);
  assert.deepEqual(podIPs({ status: { podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }] } }), ["10.0.0.1", "fd00::1"]);
});
