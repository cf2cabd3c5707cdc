import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes } from "@kubets/api";
import type { KubeObject, StatusError } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { podResizeValidator } from "./pod-resize.ts";
import { admitBy, pod, requestOn } from "./testing.ts";

test("PodResizeValidator: no larger than the node", async () => {
  const reader = new FakeReader().put(nodes, {
    metadata: { name: "n1", labels: { "kubernetes.io/os": "linux" } },
    status: { allocatable: { cpu: "2", memory: "1Gi" } },
  });
  const sized = (cpu: string, generation: number) =>
    pod({ nodeName: "n1", containers: [{ name: "c", resources: { requests: { cpu } } }] }, { generation });
  const resize = (object: KubeObject) =>
    admitBy(
      podResizeValidator(reader),
      requestOn("pods", { operation: "UPDATE", subresource: "resize", object, oldObject: sized("1", 1) }),
    );
  await resize(sized("2", 2));
  await assert.rejects(resize(sized("3", 2)), (error: StatusError) => {
    assert.equal(
      error.message,
      'pods "web" is forbidden: Node didn\'t have enough allocatable resources: cpu, requested: 3000, allocatable: 2000',
    );
    return error.status.details?.causes?.[0]?.reason === "NodeCapacity";
  });
});
