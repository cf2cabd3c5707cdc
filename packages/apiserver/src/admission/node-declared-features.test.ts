import { test } from "node:test";
import { nodes } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { admitBy, pod, refuses, requestOn } from "./testing.ts";

test("NodeDeclaredFeatureValidator: nothing a node does not declare", async () => {
  const node = (name: string, ...declaredFeatures: string[]) => ({ metadata: { name }, status: { declaredFeatures } });
  const reader = new FakeReader()
    .put(nodes, node("able", "InPlacePodLevelResourcesVerticalScaling"))
    .put(nodes, node("plain"));
  const on = (nodeName: string, cpu: string, generation: number) =>
    pod({ nodeName, resources: { requests: { cpu } } }, { generation });
  const resize = (nodeName: string, cpu: string) =>
    admitBy(
      nodeDeclaredFeatureValidator(reader),
      requestOn("pods", {
        operation: "UPDATE",
        subresource: "resize",
        object: on(nodeName, cpu, 2),
        oldObject: on(nodeName, "1", 1),
      }),
    );
  await resize("able", "2");
  await resize("plain", "1");
  await refuses(
    resize("plain", "2"),
    'pods "web" is forbidden: pod update requires features InPlacePodLevelResourcesVerticalScaling which are not available on node "plain"',
  );
});
