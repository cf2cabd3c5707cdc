import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Event, Pod } from "@kubets/api";
import { configMaps, events, leases, nodeCondition, nodes, pods } from "@kubets/api";
import { seededRandom, VirtualClock } from "@kubets/apimachinery";
import type { ApiRequest } from "@kubets/client";
import { Kubelet } from "./kubelet.ts";
import type { ProbeAnswer } from "./probes/prober.ts";
import { simulatedParts } from "./simulated/simulated-nodes.ts";
import { SimulatedRuntime } from "./simulated/simulated-runtime.ts";
import { PodApi } from "./testing/pod-api.ts";
import { testContainer, testPod } from "./testing/pods.ts";

const gibibyte = 1024 ** 3;
const machine = {
  info: async () => ({
    cpus: 4,
    memory: 8 * gibibyte,
    machineID: "m",
    systemUUID: "s",
    bootID: "b",
    kernelVersion: "6.18",
    osImage: "Test",
    architecture: "amd64",
  }),
  disk: async () => ({ capacity: 100 * gibibyte, available: 90 * gibibyte, inodes: 1000, inodesFree: 900 }),
  cpuTime: async () => undefined,
  availableMemory: async () => 4 * gibibyte,
};

class Bench {
  readonly clock = new VirtualClock();
  readonly api = new PodApi(this.clock);
  readonly client = this.api.client;
  readonly runtime = new SimulatedRuntime({
    clock: this.clock,
    random: seededRandom(7),
    allocateIP: () => "10.244.0.9",
  });
  answer: ProbeAnswer = { result: "success", output: "" };
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  async start(): Promise<void> {
    this.#stop = new AbortController();
    const kubelet = new Kubelet({
      nodeName: "node-1",
      client: this.client,
      runtime: this.runtime,
      rootDir: "/",
      podLogsDir: "/",
      nodeIPs: ["192.0.2.1"],
      clock: this.clock,
      random: seededRandom(1),
      configuration: { clusterDNS: ["10.96.0.10"] },
      parts: { ...simulatedParts(machine), prober: async () => this.answer },
    });
    this.#running = kubelet.start(this.#stop.signal);
    await this.clock.advance(100);
    await kubelet.ready;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async create(pod: Pod): Promise<void> {
    const { uid: _, ...metadata } = pod.metadata ?? {};
    await this.client
      .resource(pods)
      .namespace("default")
      .create({ ...pod, metadata });
  }

  async pod(name = "web"): Promise<Pod> {
    return this.client.resource(pods).namespace("default").get(name);
  }

  async names(): Promise<string[]> {
    const { items } = await this.client.resource(pods).namespace("default").list();
    return items.map((pod) => pod.metadata?.name ?? "");
  }

  async eventTexts(): Promise<string[]> {
    const { items } = await this.client.resource<Event>(events).namespace("default").list();
    return items.filter((e) => e.involvedObject?.kind === "Pod").map((e) => `${e.reason}: ${e.message}`);
  }

  idOf(name: string): string {
    const found = this.runtime.running().find((c) => c.name === name);
    assert.ok(found, `${name} runs`);
    return found.id;
  }
}

function condition(pod: Pod, type: string): string | undefined {
  return pod.status?.conditions?.find((c) => c.type === type)?.status;
}

describe("Kubelet on a simulated runtime", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.start();
  });
  afterEach(() => bench.stop());

  it("registers a ready node and renews its lease", async () => {
    const node = await bench.client.resource(nodes).get("node-1");
    const ready = node.status?.conditions?.find((c) => c.type === "Ready");
    assert.equal(ready?.reason, "KubeletReady");
    assert.equal(ready?.message, "kubelet is posting ready status");
    assert.equal(node.status?.capacity?.["cpu"], "4");
    assert.equal(node.status?.allocatable?.["memory"], `${8 * 1024 * 1024 - 100 * 1024}Ki`);
    assert.equal(node.metadata?.labels?.["kubernetes.io/hostname"], "node-1");
    const renewed = async () =>
      (await bench.client.resource(leases).namespace("kube-node-lease").get("node-1")).spec?.renewTime;
    const before = await renewed();
    await bench.clock.advance(10_000);
    assert.notEqual(await renewed(), before);
  });

  it("stays ready while its runtime is restarted, and not when that stays away", async (t) => {
    const ready = async () => nodeCondition(await bench.client.resource(nodes).get("node-1"), "Ready")?.status;
    const away = t.mock.method(bench.runtime.runtime, "status", () => Promise.reject(new Error("connection refused")));
    await bench.stop();
    void bench.start();
    await bench.clock.advance(25_000);
    assert.equal(await ready(), "True");
    await bench.clock.advance(10_000);
    assert.equal(await ready(), "False");
    away.mock.restore();
    await bench.clock.advance(5_000);
    assert.equal(await ready(), "True");
  });

  it("refuses a pod for its node's labels only when the node, asked for anew, does not have them", async () => {
    const labels = { metadata: { labels: { color: "blue" } } };
    await bench.client.resource(nodes).patch("node-1", "application/merge-patch+json", labels);
    await bench.create(testPod({ nodeSelector: { color: "blue" } }));
    await bench.create(testPod({ nodeSelector: { color: "green" } }, { name: "green" }));
    const notBlue = { matchExpressions: [{ key: "color", operator: "NotIn", values: ["blue"] }] };
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [notBlue] } };
    await bench.create(testPod({ affinity: { nodeAffinity } }, { name: "not-blue" }));
    await bench.clock.advance(3_000);
    assert.equal((await bench.pod()).status?.phase, "Running");
    for (const name of ["green", "not-blue"]) {
      const { phase, reason } = (await bench.pod(name)).status ?? {};
      assert.deepEqual([phase, reason], ["Failed", "NodeAffinity"], name);
    }
  });

  it("judges a pod by the labels it knows where the node cannot be asked for", async (t) => {
    const request = bench.api.request.bind(bench.api);
    t.mock.method(bench.api, "request", (asked: ApiRequest) => {
      if (asked.method === "GET" && asked.path.endsWith("/nodes/node-1")) throw new Error("connection refused");
      return request(asked);
    });
    await bench.create(testPod({ nodeSelector: { color: "blue" } }));
    await bench.clock.advance(3_000);
    assert.equal((await bench.pod()).status?.reason, "NodeAffinity");
  });

  it("writes an unchanged node status only every five minutes", async () => {
    const writes = () => bench.api.memory.requests.filter((r) => r.startsWith("PUT") && r.includes("/nodes/")).length;
    await bench.clock.advance(60_000);
    const before = writes();
    await bench.clock.advance(200_000);
    assert.equal(writes(), before);
    await bench.clock.advance(60_000);
    assert.equal(writes(), before + 1);
  });

  it("runs a pod and reports it", async () => {
    await bench.create(testPod());
    await bench.clock.advance(50);
    const { status } = await bench.pod();
    assert.equal(status?.phase, "Running");
    assert.equal(status?.podIP, "10.244.0.9");
    assert.equal(status?.hostIP, "192.0.2.1");
    assert.equal(status?.qosClass, "BestEffort");
    const [container] = status?.containerStatuses ?? [];
    assert.equal(container?.ready, true);
    assert.match(container?.containerID ?? "", /^containerd:\/\/[0-9a-f]{64}$/);
    assert.deepEqual(
      status?.conditions?.map((c) => `${c.type}=${c.status}`),
      ["PodReadyToStartContainers=True", "Initialized=True", "Ready=True", "ContainersReady=True", "PodScheduled=True"],
    );
    assert.deepEqual(await bench.eventTexts(), [
      'Pulling: Pulling image "app:1"',
      'Pulled: Successfully pulled image "app:1" in 0s (0s including waiting). Image size: 10000000 bytes.',
      "Created: Container created",
      "Started: Container started",
    ]);
  });

  it("does nothing when nothing happens", async () => {
    await bench.create(testPod());
    await bench.clock.advance(1000);
    const before = bench.api.memory.requests.filter((r) => r.includes("/pods/")).length;
    await bench.clock.advance(3_600_000);
    assert.equal(bench.api.memory.requests.filter((r) => r.includes("/pods/")).length, before);
  });

  it("restarts with back-off and counts", async () => {
    await bench.create(testPod());
    await bench.clock.advance(1000);
    bench.runtime.exit(bench.idOf("app"), 1);
    await bench.clock.advance(100);
    assert.equal((await bench.pod()).status?.containerStatuses?.[0]?.restartCount, 1, "the first restart is at once");
    bench.runtime.exit(bench.idOf("app"), 1);
    await bench.clock.advance(100);
    const waiting = (await bench.pod()).status?.containerStatuses?.[0];
    assert.equal(waiting?.state?.waiting?.reason, "CrashLoopBackOff");
    assert.match(
      waiting?.state?.waiting?.message ?? "",
      /^back-off 10s restarting failed container=app pod=web_default/,
    );
    assert.equal(waiting?.lastState?.terminated?.exitCode, 1);
    assert.equal((await bench.pod()).status?.phase, "Running");
    await bench.clock.advance(9_000);
    assert.equal(bench.runtime.running().length, 0);
    await bench.clock.advance(1_000);
    assert.equal(bench.runtime.running().length, 1);
    assert.equal((await bench.pod()).status?.containerStatuses?.[0]?.restartCount, 2);
    bench.runtime.exit(bench.idOf("app"), 1);
    await bench.clock.advance(19_000);
    assert.equal(bench.runtime.running().length, 0, "the delay has doubled");
    await bench.clock.advance(2_000);
    assert.equal(bench.runtime.running().length, 1);
  });

  it("runs init containers in turn, then the pod", async () => {
    await bench.create(testPod({ initContainers: [testContainer("one"), testContainer("two")] }));
    await bench.clock.advance(10);
    assert.deepEqual(
      bench.runtime.running().map((c) => c.name),
      ["one"],
    );
    assert.equal((await bench.pod()).status?.phase, "Pending");
    assert.equal(condition(await bench.pod(), "Initialized"), "False");
    bench.runtime.exit(bench.idOf("one"), 0);
    await bench.clock.advance(10);
    bench.runtime.exit(bench.idOf("two"), 0);
    await bench.clock.advance(10);
    assert.deepEqual(
      bench.runtime.running().map((c) => c.name),
      ["app"],
    );
    assert.equal(condition(await bench.pod(), "Initialized"), "True");
    assert.equal((await bench.pod()).status?.initContainerStatuses?.[1]?.ready, true);
  });

  it("deletes a pod when its containers have ended", async () => {
    await bench.create(testPod());
    await bench.clock.advance(50);
    await bench.client.resource(pods).namespace("default").delete("web");
    await bench.clock.advance(50);
    assert.deepEqual(await bench.names(), []);
    assert.equal(bench.runtime.running().length, 0);
    assert.ok((await bench.eventTexts()).includes("Killing: Stopping container app"));
    const left = await bench.runtime.runtime.listPodSandbox({});
    assert.equal(left.items.length, 0, "nothing of it is left in the runtime");
  });

  it("finishes a pod that is not restarted", async () => {
    await bench.create(testPod({ restartPolicy: "Never" }));
    await bench.clock.advance(50);
    bench.runtime.exit(bench.idOf("app"), 3);
    await bench.clock.advance(50);
    const { status } = await bench.pod();
    assert.equal(status?.phase, "Failed");
    assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 3);
    assert.equal(status?.conditions?.find((c) => c.type === "Ready")?.reason, "PodFailed");
  });

  it("is not ready until the readiness probe passes", async () => {
    bench.answer = { result: "failure", output: "no" };
    const readinessProbe = { exec: { command: ["true"] }, periodSeconds: 5, failureThreshold: 1 };
    await bench.create(testPod({ containers: [testContainer("app", { readinessProbe })] }));
    await bench.clock.advance(1000);
    assert.equal(condition(await bench.pod(), "Ready"), "False");
    assert.ok((await bench.eventTexts()).includes("Unhealthy: Readiness probe failed: no"));
    bench.answer = { result: "success", output: "" };
    await bench.clock.advance(5000);
    assert.equal(condition(await bench.pod(), "Ready"), "True");
  });

  it("restarts a container whose liveness probe fails", async () => {
    const livenessProbe = { exec: { command: ["true"] }, periodSeconds: 1, failureThreshold: 2 };
    await bench.create(testPod({ containers: [testContainer("app", { livenessProbe })] }));
    await bench.clock.advance(1000);
    bench.answer = { result: "failure", output: "stuck" };
    await bench.clock.advance(2100);
    assert.equal((await bench.pod()).status?.containerStatuses?.[0]?.restartCount, 1);
    const killing = "Killing: Container app failed liveness probe, will be restarted";
    assert.ok((await bench.eventTexts()).includes(killing));
  });

  it("ends a pod at its deadline", async () => {
    await bench.create(testPod({ activeDeadlineSeconds: 30 }));
    await bench.clock.advance(29_000);
    assert.equal((await bench.pod()).status?.phase, "Running");
    await bench.clock.advance(2_000);
    const { status } = await bench.pod();
    assert.equal(status?.phase, "Failed");
    assert.equal(status?.reason, "DeadlineExceeded");
    assert.equal(bench.runtime.running().length, 0);
  });

  it("rejects a pod that does not fit", async () => {
    const resources = { requests: { cpu: "3" } };
    await bench.create(testPod({ containers: [testContainer("app", { resources })] }, { name: "one" }));
    await bench.clock.advance(50);
    await bench.create(testPod({ containers: [testContainer("app", { resources })] }, { name: "two" }));
    await bench.clock.advance(50);
    const { status } = await bench.pod("two");
    assert.equal(status?.phase, "Failed");
    assert.equal(status?.reason, "OutOfcpu");
    assert.equal(
      status?.message,
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000",
    );
    assert.equal((await bench.pod("one")).status?.phase, "Running");
  });

  it("tries a container again at once when what it lacked appears", async () => {
    const env = [{ name: "A", valueFrom: { configMapKeyRef: { name: "late", key: "a" } } }];
    await bench.create(testPod({ containers: [testContainer("app", { env })] }));
    await bench.clock.advance(1000);
    const waiting = (await bench.pod()).status?.containerStatuses?.[0]?.state?.waiting;
    assert.equal(waiting?.reason, "CreateContainerConfigError");
    assert.equal(waiting?.message, 'configmap "late" not found');
    const failures = (await bench.eventTexts()).filter((text) => text.startsWith("Failed"));
    assert.deepEqual(failures, ['Failed: Error: configmap "late" not found']);
    const late = { metadata: { name: "late" }, data: { a: "1" } };
    await bench.client.resource(configMaps).namespace("default").create(late);
    await bench.clock.advance(50);
    assert.equal((await bench.pod()).status?.phase, "Running");
  });

  it("keeps what it reported of an ended pod when the runtime has forgotten it", async () => {
    await bench.create(testPod({ restartPolicy: "Never" }));
    await bench.clock.advance(50);
    bench.runtime.exit(bench.idOf("app"), 0);
    await bench.clock.advance(50);
    await bench.stop();
    const { status } = await bench.pod();
    assert.equal(status?.phase, "Succeeded");
    for (const { id } of (await bench.runtime.runtime.listPodSandbox({})).items) {
      await bench.runtime.runtime.removePodSandbox({ podSandboxId: id });
    }
    await bench.start();
    await bench.clock.advance(1000);
    assert.deepEqual((await bench.pod()).status?.containerStatuses, status?.containerStatuses);
  });

  it("finds its pods again after it was away", async () => {
    const readinessProbe = { exec: { command: ["true"] } };
    await bench.create(testPod({ containers: [testContainer("app", { readinessProbe })] }));
    await bench.clock.advance(1000);
    const id = bench.idOf("app");
    await bench.stop();
    const before = await bench.pod();
    await bench.start();
    await bench.clock.advance(5000);
    assert.equal(bench.idOf("app"), id);
    assert.deepEqual((await bench.pod()).status, before.status);
  });

  it("ends what was deleted while it was away", async () => {
    await bench.create(testPod());
    await bench.clock.advance(50);
    await bench.stop();
    await bench.client.resource(pods).namespace("default").delete("web", { gracePeriodSeconds: 0 });
    await bench.start();
    await bench.clock.advance(1000);
    assert.equal(bench.runtime.running().length, 0);
    assert.equal((await bench.runtime.runtime.listPodSandbox({})).items.length, 0);
  });

  it("leaves no timer behind", async () => {
    await bench.create(testPod());
    await bench.clock.advance(1000);
    await bench.stop();
    assert.equal(bench.clock.pendingTimers, 0);
  });
});
