import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@kubets/api";
import { admit } from "./admission.ts";

test("of several reasons to refuse a pod upstream tells a lack of resources first", () => {
  const node = { metadata: { name: "n", labels: { color: "blue" } } };
  const pod = (cpu: string, color: string): Pod => ({
    metadata: { name: "p" },
    spec: { nodeSelector: { color }, containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }] },
  });
  const reasonOf = (given: Pod) =>
    admit({ pod: given, node, others: [], allocatable: { cpu: "2", pods: "9" } })?.reason;
  assert.equal(reasonOf(pod("1", "blue")), undefined);
  assert.equal(reasonOf(pod("1", "green")), "NodeAffinity");
  assert.equal(reasonOf(pod("3", "blue")), "OutOfcpu");
  assert.equal(reasonOf(pod("3", "green")), "OutOfcpu");
});
