import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { controllerRevisions, type DaemonSet, daemonSets, nodes, type Pod, pods } from "@kubets/api";
import { nodeNameOf } from "../runtime/pod-node.ts";
import { type Harness, startHarness } from "../testing/harness.ts";
import { daemonSetController } from "./daemonset-controller.ts";

let harness: Harness;
before(async () => {
  harness = await startHarness([daemonSetController]);
});
after(() => harness.stop());

const labels = { app: "agent" };
const agent: DaemonSet = {
  metadata: { name: "agent", namespace: "x" },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { containers: [{ name: "c", image: "agent:1" }], nodeSelector: { os: "linux" } },
    },
  },
};

const addNode = (name: string, os = "linux", taints: { key: string; effect: string }[] = []) =>
  harness.client.resource(nodes).create({ metadata: { name, labels: { os } }, spec: { taints } });

async function onNodes(): Promise<string[]> {
  await harness.quiet();
  return (await harness.pods("x"))
    .filter((pod) => pod.metadata?.deletionTimestamp === undefined)
    .map(nodeNameOf)
    .sort();
}

const status = async () => (await harness.client.resource(daemonSets).namespace("x").get("agent")).status;

suite("a DaemonSet", { timeout: 30_000 }, () => {
  test("has one pod on each node that wants it, now and later", async () => {
    await addNode("a");
    await addNode("b", "linux", [{ key: "node.kubernetes.io/not-ready", effect: "NoExecute" }]);
    await addNode("windows", "windows");
    await addNode("tainted", "linux", [{ key: "mine", effect: "NoSchedule" }]);
    await harness.client.resource(daemonSets).create(agent);
    assert.deepEqual(await onNodes(), ["a", "b"]);
    await addNode("c");
    assert.deepEqual(await onNodes(), ["a", "b", "c"]);
    const found = await status();
    assert.deepEqual(
      [
        found?.desiredNumberScheduled,
        found?.currentNumberScheduled,
        found?.numberReady,
        found?.numberAvailable,
        found?.updatedNumberScheduled,
      ],
      [3, 3, 3, 3, 3],
    );
    const pod = (await harness.pods("x"))[0] as Pod;
    assert.ok(pod.spec?.tolerations?.some(({ key }) => key === "node.kubernetes.io/unreachable"));
    assert.ok(pod.metadata?.labels?.["controller-revision-hash"]);
  });

  test("replaces a failed pod, and leaves nodes that no longer want it", async () => {
    const [pod] = await harness.pods("x");
    assert.ok(pod);
    await harness.client.resource(pods).updateStatus({ ...pod, status: { ...pod.status, phase: "Failed" } });
    assert.deepEqual(await onNodes(), ["a", "b", "c"]);
    assert.ok((await harness.events("x")).some(({ reason }) => reason === "FailedDaemonPod"));
    await harness.client
      .resource(nodes)
      .patch("c", "application/merge-patch+json", { metadata: { labels: { os: "other" } } });
    assert.deepEqual(await onNodes(), ["a", "b"]);
  });

  test("rolls a new template out, and remembers the old", async () => {
    const patch = { spec: { template: { spec: { containers: [{ name: "c", image: "agent:2" }] } } } };
    await harness.client.resource(daemonSets).namespace("x").patch("agent", "application/merge-patch+json", patch);
    await harness.eventually(
      async () => (await status())?.updatedNumberScheduled === 2 && (await status())?.numberAvailable === 2,
      "the new one",
    );
    assert.deepEqual(await onNodes(), ["a", "b"]);
    assert.ok((await harness.pods("x")).every((pod) => pod.spec?.containers[0]?.image === "agent:2"));
    const { items } = await harness.client.resource(controllerRevisions).namespace("x").list();
    assert.deepEqual(items.map(({ revision }) => revision).sort(), [1, 2]);
  });
});
