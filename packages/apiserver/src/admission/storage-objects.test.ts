import assert from "node:assert/strict";
import { test } from "node:test";
import { storageClasses } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { persistentVolumeClaimResize, storageObjectInUseProtection } from "./storage-objects.ts";
import { admitBy, fieldsOf, following, refuses, requestOn } from "./testing.ts";

test("StorageObjectInUseProtection and PersistentVolumeClaimResize", async () => {
  const claim = (storage: string, storageClassName = "grows", phase = "Bound") =>
    fieldsOf({
      metadata: { namespace: "ns", name: "d" },
      spec: { storageClassName, resources: { requests: { storage } } },
      status: { phase },
    });
  const made = claim("1Gi");
  await admitBy(storageObjectInUseProtection, requestOn("persistentvolumeclaims", { object: made }));
  await admitBy(storageObjectInUseProtection, requestOn("persistentvolumeclaims", { object: made }));
  assert.deepEqual(made.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  const reader = new FakeReader()
    .put(storageClasses, { metadata: { name: "grows" }, provisioner: "p", allowVolumeExpansion: true })
    .put(storageClasses, { metadata: { name: "fixed" }, provisioner: "p" });
  const plugin = persistentVolumeClaimResize(await following(reader, storageClasses));
  const resize = (object: KubeObject, oldObject: KubeObject) =>
    admitBy(plugin, requestOn("persistentvolumeclaims", { operation: "UPDATE", object, oldObject }));
  await resize(claim("2Gi"), claim("1Gi"));
  await resize(claim("1Gi", "fixed"), claim("2Gi", "fixed"));
  await refuses(
    resize(claim("2Gi", "fixed"), claim("1Gi", "fixed")),
    'persistentvolumeclaims "d" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  );
  await refuses(resize(claim("2Gi"), claim("1Gi", "grows", "Pending")), /Only bound persistent volume claims can be/);
});
