import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ConfigMap, configMaps, nodes, secrets } from "@kubets/api";
import { isNotFound, type KubeObject, type OwnerReference } from "@kubets/apimachinery";
import { type Harness, startHarness } from "../testing/harness.ts";
import { garbageCollectorController } from "./garbage-collector.ts";

let harness: Harness;
before(async () => {
  harness = await startHarness([garbageCollectorController], { kubelet: false });
});
after(() => harness.stop());

const maps = (namespace = "x") => harness.client.resource(configMaps).namespace(namespace);

function owned(by: KubeObject, extra: Partial<OwnerReference> = {}): OwnerReference {
  const { kind = "", apiVersion = "", metadata } = by;
  return { kind, apiVersion, name: metadata?.name ?? "", uid: metadata?.uid ?? "", ...extra };
}

const make = (name: string, ownerReferences: OwnerReference[] = [], namespace = "x"): Promise<ConfigMap> =>
  maps(namespace).create({ metadata: { name, ...(ownerReferences.length > 0 ? { ownerReferences } : {}) } });

const gone = (name: string, namespace = "x") =>
  harness.eventually(
    () =>
      maps(namespace)
        .get(name)
        .then(() => false, isNotFound),
    `${name} to be gone`,
  );

const stays = async (name: string, namespace = "x"): Promise<ConfigMap> => {
  await harness.quiet();
  return await maps(namespace).get(name);
};

suite("the garbage collector", { timeout: 30_000 }, () => {
  test("background: dependents go after their owner, and theirs after them", async () => {
    const a = await make("a");
    const b = await make("b", [owned(a)]);
    await make("c", [owned(b)]);
    await stays("c");
    await maps().delete("a", { propagationPolicy: "Background" });
    await gone("b");
    await gone("c");
  });

  test("foreground: the owner goes last", async () => {
    const a = await make("fa");
    const b = await make("fb", [owned(a, { blockOwnerDeletion: true })]);
    await maps().create({
      metadata: { name: "fc", ownerReferences: [owned(b, { blockOwnerDeletion: true })], finalizers: ["hold/it"] },
    });
    await stays("fc");
    await maps().delete("fa", { propagationPolicy: "Foreground" });
    assert.deepEqual((await stays("fa")).metadata?.finalizers, ["foregroundDeletion"]);
    assert.ok((await maps().get("fc")).metadata?.deletionTimestamp);
    await maps().patch("fc", "application/merge-patch+json", { metadata: { finalizers: null } });
    await gone("fb");
    await gone("fa");
  });

  test("orphan: dependents stay and forget", async () => {
    const a = await make("oa");
    await make("ob", [owned(a)]);
    await stays("ob");
    await maps().delete("oa", { propagationPolicy: "Orphan" });
    await gone("oa");
    assert.equal((await stays("ob")).metadata?.ownerReferences, undefined);
  });

  test("one of two owners left is enough, and the lost one is struck off", async () => {
    const [a, b] = [await make("ta"), await make("tb")];
    await make("tc", [owned(a), owned(b)]);
    await stays("tc");
    await maps().delete("ta");
    const left = (await stays("tc")).metadata?.ownerReferences;
    assert.deepEqual(
      left?.map(({ name }) => name),
      ["tb"],
    );
  });

  test("owners that never were: a wrong uid, a wrong namespace", async () => {
    const a = await make("wa");
    await make("wrong-uid", [owned(a, { uid: "no-such-uid" })]);
    await gone("wrong-uid");
    await make("elsewhere", [owned(a)], "y");
    await gone("elsewhere", "y");
    await harness.eventually(
      async () => (await harness.events("y")).some(({ reason }) => reason === "OwnerRefInvalidNamespace"),
      "word of it",
    );
    await stays("wa");
  });

  test("a cluster-wide owner, and a kind nobody knows", async () => {
    const node = await harness.client.resource(nodes).create({ metadata: { name: "n" } });
    await make("of-node", [owned(node)]);
    const unknown = { apiVersion: "no.such/v1", kind: "Thing", name: "t", uid: "t-uid" };
    await harness.client
      .resource(secrets)
      .namespace("x")
      .create({ metadata: { name: "of-unknown", ownerReferences: [unknown] } });
    await stays("of-node");
    await harness.client.resource(nodes).delete("n");
    await gone("of-node");
    await harness.client.resource(secrets).namespace("x").get("of-unknown");
  });

  test("idle means idle", async () => {
    await harness.quiet();
    const count = harness.api.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(harness.api.requests.length, count);
  });
});
