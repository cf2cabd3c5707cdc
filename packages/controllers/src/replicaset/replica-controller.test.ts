import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { pods, type ReplicaSet, replicaSets, replicationControllers } from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import { type Harness, startHarness } from "../testing/harness.ts";
import { replicaSetController, replicationController } from "./definition.ts";

let harness: Harness;
before(async () => {
  harness = await startHarness([replicaSetController, replicationController]);
});
after(() => harness.stop());

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: "c", image: "i" }] },
});

function set(name: string, replicas: number): ReplicaSet {
  return {
    metadata: { name, namespace: "x" },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) },
  };
}

const client = () => harness.client.resource(replicaSets).namespace("x");
const podsOf = async (app: string) => (await harness.pods("x")).filter((pod) => pod.metadata?.labels?.app === app);

function settled(name: string, replicas: number) {
  return harness.eventually(async () => {
    const { status } = await client().get(name);
    return status?.replicas === replicas && (status.availableReplicas ?? 0) === replicas;
  }, `${name} at ${replicas}`);
}

suite("a ReplicaSet", { timeout: 30_000 }, () => {
  test("makes many pods, once each, and removes those that cost least", async () => {
    await client().create(set("many", 20));
    await settled("many", 20);
    assert.equal((await podsOf("many")).length, 20);
    const [cheap] = await podsOf("many");
    const annotations = { "controller.kubernetes.io/pod-deletion-cost": "-5" };
    await harness.client
      .resource(pods)
      .namespace("x")
      .patch(cheap?.metadata?.name ?? "", "application/merge-patch+json", { metadata: { annotations } });
    await harness.quiet();
    await client().patch("many", "application/merge-patch+json", { spec: { replicas: 19 } });
    await settled("many", 19);
    assert.ok(!(await podsOf("many")).some(({ metadata }) => metadata?.uid === cheap?.metadata?.uid));
  });

  test("adopts orphans that match and releases pods that match no longer", async () => {
    await harness.client
      .resource(pods)
      .namespace("x")
      .create({
        metadata: { name: "orphan", labels: { app: "adopt" } },
        spec: { containers: [{ name: "c", image: "i" }] },
      });
    await client().create(set("adopt", 1));
    await settled("adopt", 1);
    const [orphan] = await podsOf("adopt");
    assert.equal(orphan?.metadata?.ownerReferences?.[0]?.name, "adopt");
    await harness.client
      .resource(pods)
      .namespace("x")
      .patch("orphan", "application/merge-patch+json", { metadata: { labels: { app: "free" } } });
    await harness.eventually(async () => (await podsOf("adopt"))[0]?.metadata?.name?.startsWith("adopt-"), "a new pod");
    const [free] = await podsOf("free");
    assert.equal(free?.metadata?.ownerReferences, undefined);
  });

  test("replaces a pod that was deleted", async () => {
    await client().create(set("heal", 2));
    await settled("heal", 2);
    await harness.client
      .resource(pods)
      .namespace("x")
      .delete((await podsOf("heal"))[0]?.metadata?.name ?? "");
    await harness.quiet();
    assert.equal((await podsOf("heal")).length, 2);
  });

  test("says why it cannot create, and recovers", async () => {
    harness.api.intercept = (request) => {
      if (request.method === "POST" && request.path.endsWith("/pods"))
        throw new StatusError(403, "Forbidden", "no room");
    };
    await client().create(set("refused", 4));
    const condition = await harness.eventually(
      async () => (await client().get("refused")).status?.conditions?.[0],
      "a condition",
    );
    assert.deepEqual(
      [condition.type, condition.reason, condition.message],
      ["ReplicaFailure", "FailedCreate", "no room"],
    );
    harness.api.intercept = undefined;
    await settled("refused", 4);
    assert.equal((await client().get("refused")).status?.conditions, undefined);
    await harness.quiet();
    const failed = (await harness.events("x")).find(({ reason }) => reason === "FailedCreate");
    assert.equal(failed?.message, "Error creating: no room");
  });
});

test("a ReplicationController works the same", async () => {
  const spec = { replicas: 2, selector: { app: "rc" }, template: template("rc") };
  await harness.client.resource(replicationControllers).create({ metadata: { name: "rc", namespace: "x" }, spec });
  await harness.eventually(async () => (await podsOf("rc")).length === 2, "two pods");
  assert.equal((await podsOf("rc"))[0]?.metadata?.ownerReferences?.[0]?.kind, "ReplicationController");
});
