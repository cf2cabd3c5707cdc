import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, NodeSelectorTerm } from "../generated/types.ts";
import { matchesNodeAffinity, matchesNodeSelectorTerm } from "./node-affinity.ts";

const node: Node = { metadata: { name: "n1", labels: { zone: "a", cpus: "8", word: "x" } } };

test("a term's requirements are and-ed", () => {
  const expression = (key: string, operator: string, ...values: string[]) => ({
    matchExpressions: [{ key, operator, values }],
  });
  const table: [NodeSelectorTerm, boolean][] = [
    [{}, false],
    [expression("zone", "In", "a", "b"), true],
    [expression("zone", "NotIn", "a"), false],
    [expression("none", "NotIn", "a"), true],
    [expression("zone", "Exists"), true],
    [expression("constructor", "Exists"), false],
    [expression("none", "DoesNotExist"), true],
    [expression("cpus", "Gt", "4"), true],
    [expression("cpus", "Lt", "4"), false],
    [expression("word", "Gt", "4"), false],
    [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n1"] }] }, true],
    [
      { matchFields: [{ key: "metadata.name", operator: "In", values: ["n2"] }], ...expression("zone", "Exists") },
      false,
    ],
  ];
  for (const [term, want] of table) assert.equal(matchesNodeSelectorTerm(term, node), want, JSON.stringify(term));
});

test("nodeSelector and one of the required terms must match", () => {
  const required = (...nodeSelectorTerms: NodeSelectorTerm[]) => ({
    containers: [],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const zone = (value: string) => ({ matchExpressions: [{ key: "zone", operator: "In", values: [value] }] });
  assert.equal(matchesNodeAffinity(undefined, node), true);
  assert.equal(matchesNodeAffinity(required(zone("b"), zone("a")), node), true);
  assert.equal(matchesNodeAffinity(required(zone("b")), node), false);
  assert.equal(matchesNodeAffinity({ ...required(zone("a")), nodeSelector: { zone: "b" } }, node), false);
});
