import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { admitBy, fieldsOf, pod, requestOn } from "./testing.ts";

test("PodTopologyLabels: a node's zone comes to a binding and to a pod made on it", async () => {
  const labels = { "topology.kubernetes.io/zone": "z1", other: "x" };
  const plugin = podTopologyLabels(new FakeReader().put(nodes, { metadata: { name: "n1", labels } }));
  const binding = fieldsOf({ metadata: { name: "web" }, target: { kind: "Node", name: "n1" } });
  await admitBy(plugin, requestOn("pods", { subresource: "binding", object: binding }));
  assert.deepEqual(binding.metadata.labels, { "topology.kubernetes.io/zone": "z1" });
  const placed = pod({ nodeName: "n1" }, { labels: { app: "web", "topology.kubernetes.io/zone": "wrong" } });
  await admitBy(plugin, requestOn("pods", { object: placed }));
  assert.deepEqual(placed.metadata?.labels, { app: "web", "topology.kubernetes.io/zone": "z1" });
});
