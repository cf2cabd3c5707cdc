import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { leases, type Node, nodes, type Pod, pods, tolerates } from "@kubets/api";
import { formatMicroTime, formatTime, isNotFound, VirtualClock } from "@kubets/apimachinery";
import { nodeIpamController } from "../nodeipam/range-allocator.ts";
import { podGCController } from "../podgc/podgc-controller.ts";
import { type Harness, startHarness } from "../testing/harness.ts";
import { nodeLifecycleController } from "./node-lifecycle-controller.ts";
import { evictionTime, taintEvictionController } from "./taint-eviction-controller.ts";

const tolerations = ["not-ready", "unreachable"].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: 300,
}));

async function addNode(harness: Harness, clock: VirtualClock, name: string): Promise<Node> {
  const taints = [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }];
  const node = await harness.client.resource(nodes).create({ metadata: { name }, spec: { taints } });
  const now = formatTime(clock.now());
  const condition = { type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now };
  const status = { conditions: [condition] };
  await harness.client
    .resource(nodes)
    .patch(name, "application/merge-patch+json", { status }, { subresource: "status" });
  await harness.client
    .resource(leases)
    .namespace("kube-node-lease")
    .create({ metadata: { name }, spec: { renewTime: formatMicroTime(clock.now()) } });
  return node;
}

const renew = (harness: Harness, clock: VirtualClock, name: string) => {
  const patch = { spec: { renewTime: formatMicroTime(clock.now()) } };
  return harness.client
    .resource(leases)
    .namespace("kube-node-lease")
    .patch(name, "application/merge-patch+json", patch);
};

const taintsOf = async (harness: Harness, name: string) =>
  ((await harness.client.resource(nodes).get(name)).spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

async function addPod(
  harness: Harness,
  name: string,
  nodeName: string,
  extra: Partial<NonNullable<Pod["spec"]>> = {},
): Promise<void> {
  const spec = { nodeName, containers: [{ name: "c", image: "i" }], tolerations, ...extra };
  await harness.client.resource(pods).namespace("x").create({ metadata: { name }, spec });
}

suite("nodes", { timeout: 30_000 }, () => {
  test("one that falls silent becomes Unknown, is tainted, and loses its pods when their patience ends", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([nodeLifecycleController(), taintEvictionController], { clock });
    t.after(() => harness.stop());
    await addNode(harness, clock, "a");
    await addNode(harness, clock, "b");
    await addPod(harness, "web", "a");
    await addPod(harness, "forever", "a", { tolerations: [{ operator: "Exists" }] });
    await harness.quiet();
    assert.deepEqual(await taintsOf(harness, "a"), [], "the taint a node begins with goes when it is ready");
    for (let second = 0; second < 60; second += 10) {
      await clock.advance(10_000);
      await renew(harness, clock, "b");
      await harness.quiet();
    }
    const ready = (await harness.client.resource(nodes).get("a")).status?.conditions?.find(
      ({ type }) => type === "Ready",
    );
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ["Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."],
    );
    assert.deepEqual(await taintsOf(harness, "a"), [
      "node.kubernetes.io/unreachable:NoSchedule",
      "node.kubernetes.io/unreachable:NoExecute",
    ]);
    assert.deepEqual(await taintsOf(harness, "b"), []);
    const web = await harness.client.resource(pods).namespace("x").get("web");
    assert.equal(web.status?.conditions?.find(({ type }) => type === "Ready")?.status, "False");
    for (let second = 60; second < 380; second += 20) {
      await clock.advance(20_000);
      await renew(harness, clock, "b");
    }
    await harness.quiet();
    await assert.rejects(harness.client.resource(pods).namespace("x").get("web"), isNotFound);
    await harness.client.resource(pods).namespace("x").get("forever");
    const reasons = (await harness.events("x")).map(({ reason, message }) => `${reason}: ${message}`);
    assert.ok(reasons.includes("TaintManagerEviction: Marking for deletion Pod x/web"));
    assert.ok(reasons.includes("NodeNotReady: Node is not ready"));
    const said = (await harness.events("default")).map(({ message }) => message);
    assert.ok(said.includes("Node a event: Registered Node a in Controller"));
    assert.ok(said.includes("Node a status is now: NodeNotReady"));
  });

  test("when all are silent nothing is moved", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([nodeLifecycleController()], { clock });
    t.after(() => harness.stop());
    await addNode(harness, clock, "only");
    await harness.quiet();
    await clock.advance(70_000);
    await harness.quiet();
    assert.deepEqual(await taintsOf(harness, "only"), ["node.kubernetes.io/unreachable:NoSchedule"]);
  });

  test("each gets a range of its own, given back when it goes", async (t) => {
    const options = { clusterCIDRs: ["10.244.0.0/22", "fd00:10:244::/56"], serviceCIDRs: ["10.244.1.0/25"] };
    const harness = await startHarness([nodeIpamController(options)]);
    t.after(() => harness.stop());
    const client = harness.client.resource(nodes);
    await client.create({
      metadata: { name: "old" },
      spec: { podCIDR: "10.244.0.0/24", podCIDRs: ["10.244.0.0/24", "fd00:10:244::/64"] },
    });
    await client.create({ metadata: { name: "a" } });
    const rangesOf = (name: string) =>
      harness.eventually(async () => (await client.get(name)).spec?.podCIDRs, `ranges of ${name}`);
    assert.deepEqual(await rangesOf("a"), ["10.244.2.0/24", "fd00:10:244:1::/64"]);
    await client.create({ metadata: { name: "b" } });
    assert.deepEqual(await rangesOf("b"), ["10.244.3.0/24", "fd00:10:244:2::/64"]);
    await client.create({ metadata: { name: "c" } });
    const full = () =>
      harness
        .events("default")
        .then((all) => all.some(({ message }) => message === "Node c status is now: CIDRNotAvailable"));
    await harness.eventually(full, "word of it");
    await client.delete("old");
    assert.deepEqual((await rangesOf("c"))[0], "10.244.0.0/24");
  });

  test("pods of a node that is gone go too, after a while", async (t) => {
    const clock = new VirtualClock();
    const harness = await startHarness([podGCController()], { clock, kubelet: false });
    t.after(() => harness.stop());
    await harness.client.resource(nodes).create({ metadata: { name: "n" } });
    await addPod(harness, "p", "n");
    await harness.client.resource(nodes).delete("n");
    await harness.quiet();
    await clock.advance(39_000);
    await harness.client.resource(pods).namespace("x").get("p");
    await clock.advance(2_000);
    await harness.quiet();
    await assert.rejects(harness.client.resource(pods).namespace("x").get("p"), isNotFound);
  });
});

test("tolerations", () => {
  const taint = { key: "k", value: "v", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" };
  const table: [Parameters<typeof tolerates>[0], boolean][] = [
    [{ operator: "Exists" }, true],
    [{ key: "k", operator: "Exists", effect: "NoSchedule" }, false],
    [{ key: "k", value: "v" }, true],
    [{ key: "k", operator: "Equal", value: "w" }, false],
    [{ key: "other", operator: "Exists" }, false],
  ];
  for (const [toleration, want] of table) assert.equal(tolerates(toleration, taint), want, JSON.stringify(toleration));
  const since = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(evictionTime([taint], [], since + 5), since + 5);
  assert.equal(evictionTime([taint], [{ operator: "Exists", tolerationSeconds: 3 }], since + 5), since + 3000);
  assert.equal(evictionTime([taint], [{ operator: "Exists" }], since), Number.POSITIVE_INFINITY);
});
