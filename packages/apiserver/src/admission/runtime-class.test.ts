import assert from "node:assert/strict";
import { test } from "node:test";
import { type PodSpec, runtimeClasses } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";
import { admitBy, fieldsOf, following, pod, refuses, requestOn } from "./testing.ts";

test("RuntimeClass: overhead and scheduling", async () => {
  const overhead = { podFixed: { cpu: "100m" } };
  const tolerations = [{ key: "vm", operator: "Exists" }];
  const reader = new FakeReader().put(runtimeClasses, {
    metadata: { name: "vm" },
    handler: "kata",
    overhead,
    scheduling: { nodeSelector: { vm: "yes" }, tolerations },
  });
  const plugin = runtimeClassAdmission(await following(reader, runtimeClasses), reader);
  const admit = async (spec: Partial<PodSpec>) => {
    const object = pod(spec);
    await admitBy(plugin, requestOn("pods", { object }));
    return fieldsOf(object).spec as PodSpec;
  };
  const made = await admit({ runtimeClassName: "vm", nodeSelector: { disk: "ssd" } });
  assert.deepEqual(
    [made.overhead, made.nodeSelector, made.tolerations],
    [{ cpu: "100m" }, { disk: "ssd", vm: "yes" }, tolerations],
  );
  await admit({ runtimeClassName: "vm", overhead: { cpu: "0.1" } });
  await refuses(
    admit({ runtimeClassName: "no" }),
    'pods "web" is forbidden: pod rejected: RuntimeClass "no" not found',
  );
  await refuses(
    admit({ overhead: { cpu: "1" } }),
    /Pod Overhead set without corresponding RuntimeClass defined Overhead/,
  );
  await refuses(
    admit({ runtimeClassName: "vm", overhead: { cpu: "1" } }),
    /Pod's Overhead doesn't match RuntimeClass's/,
  );
  await refuses(
    admit({ runtimeClassName: "vm", nodeSelector: { vm: "no" } }),
    /conflict: runtimeClass\.scheduling\.nodeSelector\[vm\] = yes; pod\.spec\.nodeSelector\[vm\] = no/,
  );
});
