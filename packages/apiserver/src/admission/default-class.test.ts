import assert from "node:assert/strict";
import { test } from "node:test";
import { ingressClasses, storageClasses } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { admitBy, fieldsOf, following, requestOn } from "./testing.ts";

test("DefaultStorageClass and DefaultIngressClass: the newest default, unless a class is named", async () => {
  const isDefault = { "storageclass.kubernetes.io/is-default-class": "true" };
  const reader = new FakeReader();
  const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
  for (const [name, second] of [
    ["old", 1],
    ["b", 3],
    ["a", 3],
  ] as const)
    reader.put(storageClasses, {
      metadata: { name, creationTimestamp: at(second), annotations: isDefault },
      provisioner: "p",
    });
  reader.put(storageClasses, { metadata: { name: "other", creationTimestamp: at(5) }, provisioner: "p" });
  const plugin = defaultStorageClass(await following(reader, storageClasses));
  const classOf = async (spec: object, annotations: Record<string, string> = {}) => {
    const claim = fieldsOf({ metadata: { namespace: "ns", name: "d", annotations }, spec });
    await admitBy(plugin, requestOn("persistentvolumeclaims", { object: claim }));
    return claim.spec.storageClassName;
  };
  assert.equal(await classOf({}), "a");
  assert.equal(await classOf({ storageClassName: "" }), "");
  assert.equal(await classOf({}, { "volume.beta.kubernetes.io/storage-class": "x" }), undefined);
  reader.put(ingressClasses, {
    metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
  });
  const ingress = fieldsOf({ metadata: { namespace: "ns", name: "i" }, spec: {} });
  const forIngress = defaultIngressClass(await following(reader, ingressClasses));
  await admitBy(forIngress, requestOn("ingresses.networking.k8s.io", { object: ingress }));
  assert.equal(ingress.spec.ingressClassName, "nginx");
});
