import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import { createEventRecorder } from "./event-recorder.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import { createClient } from "./typed-client.ts";

const events: Resource<KubeObject & { count?: number; message?: string; involvedObject?: object; source?: object }> = {
  group: "",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};
const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "x", uid: "u", resourceVersion: "3" },
};

test("an event repeated is one event with a count", async () => {
  const client = createClient(new MemoryApi([events]));
  const recorder = createEventRecorder({ client, component: "kubelet", host: "n1" });
  for (let at = 0; at < 3; at++)
    recorder.event(pod, "Normal", "Pulled", "Image is there", { fieldPath: "spec.containers{app}" });
  await recorder.flush();
  const { items } = await client.resource(events).namespace("x").list();
  assert.equal(items.length, 1);
  assert.equal(items[0]?.count, 3);
  assert.match(items[0]?.metadata?.name ?? "", /^web\.[0-9a-f]{16}$/);
  assert.deepEqual(items[0]?.source, { component: "kubelet", host: "n1" });
  const involvedObject = { kind: "Pod", namespace: "x", name: "web", uid: "u", apiVersion: "v1", resourceVersion: "3" };
  assert.deepEqual(items[0]?.involvedObject, { ...involvedObject, fieldPath: "spec.containers{app}" });
});

test("many alike are combined, and a flood is cut off", async () => {
  const client = createClient(new MemoryApi([events]));
  const recorder = createEventRecorder({ client, component: "c" });
  for (let at = 0; at < 40; at++) recorder.event(pod, "Warning", "Failed", `attempt ${at}`);
  await recorder.flush();
  const { items } = await client.resource(events).namespace("x").list();
  assert.equal(items.length, 10);
  const combined = items.filter((item) => item.message?.startsWith("(combined from similar events): "));
  assert.deepEqual(
    combined.map((item) => item.count),
    [16],
  );
});

test("an event that was deleted is made anew", async () => {
  const client = createClient(new MemoryApi([events]));
  const recorder = createEventRecorder({ client, component: "c" });
  recorder.event(pod, "Normal", "A", "a");
  await recorder.flush();
  await client.resource(events).namespace("x").deleteCollection();
  recorder.event(pod, "Normal", "A", "a");
  await recorder.flush();
  assert.equal((await client.resource(events).namespace("x").list()).items.length, 1);
});
