import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { persistentVolumeClaims, pods, type StatefulSet, statefulSets } from "@kubets/api";
import { type Harness, startHarness } from "../testing/harness.ts";
import { statefulSetController } from "./statefulset-controller.ts";

let harness: Harness;
const order: string[] = [];
before(async () => {
  harness = await startHarness([statefulSetController]);
  harness.informers.informer(pods).addHandler({
    add: (pod) => order.push(`+${pod.metadata?.name}`),
    delete: (pod) => order.push(`-${pod.metadata?.name}`),
  });
});
after(() => harness.stop());

function db(name: string, replicas: number, extra: Partial<NonNullable<StatefulSet["spec"]>> = {}): StatefulSet {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "db:1" }] } };
  return {
    metadata: { name, namespace: "x" },
    spec: { replicas, serviceName: name, selector: { matchLabels: labels }, template, ...extra },
  };
}

const client = () => harness.client.resource(statefulSets).namespace("x");
const change = (name: string, spec: object) => client().patch(name, "application/merge-patch+json", { spec });
const image = (value: string) => ({ template: { spec: { containers: [{ name: "c", image: value }] } } });

const settled = (name: string, replicas: number) =>
  harness.eventually(async () => {
    const { status, metadata } = await client().get(name);
    const counts = [status?.replicas ?? 0, status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0];
    const done = counts.every((count) => count === replicas) && status?.currentRevision === status?.updateRevision;
    return done && status?.observedGeneration === metadata?.generation;
  }, `${name} at ${replicas}`);

suite("a StatefulSet", { timeout: 30_000 }, () => {
  test("grows and shrinks in order, with claims that stay", async () => {
    const claim = {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    await client().create(db("db", 3, { volumeClaimTemplates: [claim] }));
    await settled("db", 3);
    assert.deepEqual(order, ["+db-0", "+db-1", "+db-2"]);
    const pod = await harness.client.resource(pods).namespace("x").get("db-1");
    assert.deepEqual([pod.spec?.hostname, pod.spec?.subdomain], ["db-1", "db"]);
    assert.equal(pod.spec?.volumes?.find(({ name }) => name === "data")?.persistentVolumeClaim?.claimName, "data-db-1");
    order.length = 0;
    await change("db", { replicas: 1 });
    await settled("db", 1);
    assert.deepEqual(order, ["-db-2", "-db-1"]);
    assert.equal((await harness.client.resource(persistentVolumeClaims).namespace("x").list()).items.length, 3);
    const messages = (await harness.events("x")).map(({ message }) => message);
    assert.ok(messages.includes("create Pod db-0 in StatefulSet db successful"));
    assert.ok(messages.includes("create Claim data-db-0 Pod db-0 in StatefulSet db success"));
  });

  test("rolls from the last to the first, and stops at its partition", async () => {
    await client().create(db("roll", 3));
    await settled("roll", 3);
    order.length = 0;
    await change("roll", image("db:2"));
    await settled("roll", 3);
    assert.deepEqual(order, ["-roll-2", "+roll-2", "-roll-1", "+roll-1", "-roll-0", "+roll-0"]);
    order.length = 0;
    await change("roll", {
      ...image("db:3"),
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
    });
    await harness.eventually(async () => order.includes("+roll-2"), "the last");
    await harness.quiet();
    assert.deepEqual(order, ["-roll-2", "+roll-2"]);
    const { status } = await client().get("roll");
    assert.deepEqual([status?.updatedReplicas, status?.currentReplicas], [1, 2]);
    assert.notEqual(status?.currentRevision, status?.updateRevision);
  });

  test("in parallel, all at once; a failed one is made again", async () => {
    await client().create(db("par", 3, { podManagementPolicy: "Parallel" }));
    await settled("par", 3);
    const one = await harness.client.resource(pods).namespace("x").get("par-1");
    await harness.client.resource(pods).updateStatus({ ...one, status: { ...one.status, phase: "Failed" } });
    await harness.eventually(async () => {
      const again = await harness.client
        .resource(pods)
        .namespace("x")
        .get("par-1")
        .catch(() => undefined);
      return again !== undefined && again.metadata?.uid !== one.metadata?.uid;
    }, "another");
    await settled("par", 3);
    await harness.quiet();
    assert.ok((await harness.events("x")).some(({ reason }) => reason === "RecreatingFailedPod"));
  });
});
