import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodes, pods } from "@kubets/api";
import { seededRandom, VirtualClock } from "@kubets/apimachinery";
import { PodApi } from "../testing/pod-api.ts";
import { testContainer, testPod } from "../testing/pods.ts";
import { AddressPool, behaviourOf, SimulatedNodes } from "./simulated-nodes.ts";

describe("SimulatedNodes", () => {
  it("runs pods on many nodes, with one watch of pods, and leaves nothing behind", async () => {
    const clock = new VirtualClock();
    const api = new PodApi(clock);
    const latencies = { sandboxMs: 100, createMs: 10, startMs: 50 };
    const group = new SimulatedNodes({ client: api.client, count: 50, clock, random: seededRandom(3), latencies });
    const stop = new AbortController();
    const running = group.start(stop.signal);
    await clock.advance(500);
    await group.ready;
    assert.equal((await api.client.resource(nodes).list()).items.length, 50);
    for (let i = 0; i < 100; i++) {
      const pod = testPod({ nodeName: `simulated-${i % 50}` }, { name: `p${i}` });
      const { uid: _, ...metadata } = pod.metadata ?? {};
      await api.client
        .resource(pods)
        .namespace("default")
        .create({ ...pod, metadata });
    }
    const phases = async () => (await api.client.resource(pods).list()).items.map((pod) => pod.status?.phase);
    await clock.advance(150);
    assert.ok(
      (await phases()).every((phase) => phase === "Pending"),
      "it takes as long as it is told",
    );
    await clock.advance(100);
    assert.ok((await phases()).every((phase) => phase === "Running"));
    assert.equal(api.memory.requests.filter((r) => r === "WATCH /api/v1/pods").length, 1);
    stop.abort();
    await running;
    assert.equal(clock.pendingTimers, 0);
  });
});

describe("behaviourOf", () => {
  const side = testContainer("side", { restartPolicy: "Always" });
  for (const [what, pod, container, want] of [
    ["main containers run on", testPod(), "app", {}],
    ["init containers end", testPod({ initContainers: [testContainer("i")] }), "i", { exitAfterMs: 0, exitCode: 0 }],
    ["sidecars run on", testPod({ initContainers: [side] }), "side", {}],
    ["Jobs end", testPod({ restartPolicy: "Never" }), "app", { exitAfterMs: 7, exitCode: 0 }],
  ] as const) {
    it(what, () => assert.deepEqual(behaviourOf(pod, container, 7), want));
  }
});

it("AddressPool hands out the CIDR's addresses, or its own while there is none", async () => {
  const pool = new AddressPool(async () => "10.244.3.0/24", "100.64.0.0");
  assert.deepEqual([await pool.allocate(), await pool.allocate()], ["10.244.3.2", "10.244.3.3"]);
  assert.equal(await new AddressPool(async () => undefined, "100.64.0.0").allocate(), "100.64.0.2");
});
