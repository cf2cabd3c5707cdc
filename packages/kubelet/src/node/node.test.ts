import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultConfiguration } from "../configuration.ts";
import { testContainer, testPod } from "../testing/pods.ts";
import { conditionEvents, nodeConditions } from "./conditions.ts";
import { crossedThresholds, evictionMessage, rankForEviction } from "./pressure.ts";
import { allocatableOf, capacityOf } from "./resources.ts";

const mebibyte = 1024 * 1024;
const healthy = { memoryPressure: false, diskPressure: false, pidPressure: false, problems: [] };

describe("node conditions", () => {
  it("say upstream's words", () => {
    const ready = nodeConditions(healthy, [], "t").map((c) => `${c.type}=${c.status} ${c.reason}`);
    assert.deepEqual(ready, [
      "MemoryPressure=False KubeletHasSufficientMemory",
      "DiskPressure=False KubeletHasNoDiskPressure",
      "PIDPressure=False KubeletHasSufficientPID",
      "Ready=True KubeletReady",
    ]);
    const [, , , down] = nodeConditions({ ...healthy, problems: ["a", "b"] }, [], "t");
    assert.deepEqual([down?.status, down?.reason, down?.message], ["False", "KubeletNotReady", "[a, b]"]);
  });
  it("keep their time, and tell what changed", () => {
    const old = nodeConditions(healthy, [], "t1");
    const now = nodeConditions({ ...healthy, problems: ["x"] }, old, "t2");
    assert.deepEqual(
      now.map((c) => c.lastTransitionTime),
      ["t1", "t1", "t1", "t2"],
    );
    assert.deepEqual(conditionEvents(old, now), ["NodeNotReady"]);
    assert.deepEqual(conditionEvents([], now), [
      "NodeHasSufficientMemory",
      "NodeHasNoDiskPressure",
      "NodeHasSufficientPID",
    ]);
  });
});

describe("node resources", () => {
  const machine = { cpus: 4, memory: 8192 * mebibyte, storage: 1000 * mebibyte };
  it("hold back what is reserved and what eviction needs", () => {
    const configuration = { ...defaultConfiguration, systemReserved: { cpu: "500m", memory: "92Mi" } };
    assert.equal(capacityOf(machine, configuration)["memory"], `${8192 * 1024}Ki`);
    const got = allocatableOf(machine, configuration);
    assert.deepEqual(
      [got["cpu"], got["memory"], got["ephemeral-storage"], got["pods"]],
      ["3500m", `${8000 * 1024}Ki`, String(900 * mebibyte), "110"],
    );
  });
});

describe("pressure", () => {
  const disk = { capacity: 1000, available: 90, inodes: 100, inodesFree: 50 };
  const crossed = crossedThresholds(
    { memory: { available: 50 * mebibyte, capacity: 8192 * mebibyte }, nodefs: disk, imagefs: undefined },
    defaultConfiguration.evictionHard,
  );
  it("finds the thresholds that are crossed", () => {
    assert.deepEqual(
      crossed.map((c) => c.signal),
      ["memory.available", "nodefs.available"],
    );
  });
  it("evicts who is above its request first, and no critical or static pod", () => {
    const pod = (uid: string, rest = {}, annotations = {}) =>
      testPod(
        { containers: [testContainer("c", { resources: { requests: { memory: "10Mi" } } })], ...rest },
        { uid, name: uid, annotations },
      );
    const pods = [
      pod("modest"),
      pod("greedy"),
      pod("critical", { priority: 2_000_000_000 }),
      pod("static", {}, { "kubernetes.io/config.source": "file" }),
    ];
    const usage = (uid: string) => (uid === "modest" ? 5 : 50) * mebibyte;
    assert.deepEqual(
      rankForEviction(pods, usage).map((p) => p.metadata?.uid),
      ["greedy", "modest"],
    );
    assert.equal(
      evictionMessage(crossed[0]!, pods[1]!, 50 * mebibyte),
      "The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. Container c was using 51200Ki, request is 10240Ki, has larger consumption of memory. ",
    );
  });
});
