import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from "@kubets/api";
import { isNotFound, type KubeObject } from "@kubets/apimachinery";
import { startHarness } from "../testing/harness.ts";
import { claimProtectionController } from "./claim-protection.ts";
import { attributesClassProtectionController, volumeProtectionController } from "./volume-protection.ts";

suite("what is in use stays", { timeout: 20_000 }, () => {
  test("a claim until its pod is gone, a volume until it is free, a class until nobody has it", async (t) => {
    const controllers = [claimProtectionController, volumeProtectionController, attributesClassProtectionController];
    const harness = await startHarness(controllers);
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    const claims = client.resource(persistentVolumeClaims).namespace("x");
    const volumes = client.resource(persistentVolumes);
    const classes = client.resource(volumeAttributesClasses);
    const resources = { requests: { storage: "1Gi" } };
    const accessModes = ["ReadWriteOnce"];
    await classes.create({ metadata: { name: "gold" }, driverName: "d", parameters: { a: "b" } });
    await claims.create({
      metadata: { name: "data" },
      spec: { accessModes, resources, storageClassName: "s", volumeAttributesClassName: "gold" },
    });
    await volumes.create({
      metadata: { name: "v" },
      spec: { accessModes, capacity: { storage: "1Gi" }, hostPath: { path: "/tmp/v" } },
    });
    const finalizersOf = ({ metadata }: KubeObject) => metadata?.finalizers?.join();
    // Admission does not run here: the controllers add what it would have.
    await eventually(
      async () => finalizersOf(await claims.get("data")) === "kubernetes.io/pvc-protection",
      "the claim's",
    );
    await eventually(
      async () => finalizersOf(await volumes.get("v")) === "kubernetes.io/pv-protection",
      "the volume's",
    );
    await eventually(
      async () => finalizersOf(await classes.get("gold")) === "kubernetes.io/vac-protection",
      "the class's",
    );
    const volume = { name: "data", persistentVolumeClaim: { claimName: "data" } };
    await client
      .resource(pods)
      .namespace("x")
      .create({
        metadata: { name: "p" },
        spec: { nodeName: "n", containers: [{ name: "c", image: "i" }], volumes: [volume] },
      });
    const bound = { status: { phase: "Bound" } };
    await volumes.patch("v", "application/merge-patch+json", bound, { subresource: "status" });
    await claims.delete("data");
    await volumes.delete("v");
    await classes.delete("gold");
    await harness.quiet();
    for (const held of [await claims.get("data"), await volumes.get("v"), await classes.get("gold")])
      assert.ok(held.metadata?.deletionTimestamp);
    await client.resource(pods).namespace("x").delete("p", { gracePeriodSeconds: 0 });
    await volumes.patch(
      "v",
      "application/merge-patch+json",
      { status: { phase: "Released" } },
      { subresource: "status" },
    );
    const gone = (get: Promise<unknown>) => get.then(() => false, isNotFound);
    await eventually(() => gone(claims.get("data")), "the claim to go");
    await eventually(() => gone(volumes.get("v")), "the volume to go");
    await eventually(() => gone(classes.get("gold")), "the class to go");
  });
});
