import assert from "node:assert/strict";
import { test } from "node:test";
import type { Toleration } from "../generated/types.ts";
import { tolerates, untoleratedTaint } from "./tolerations.ts";

test("a toleration covers a taint by key, value, effect and operator", () => {
  const taint = { key: "size", value: "5", effect: "NoExecute" };
  const table: [Toleration, boolean][] = [
    [{ operator: "Exists" }, true],
    [{ key: "size", operator: "Exists", effect: "NoSchedule" }, false],
    [{ key: "size", value: "5" }, true],
    [{ key: "size", operator: "Equal", value: "6" }, false],
    [{ key: "other", operator: "Exists" }, false],
    [{ value: "5" }, false],
    [{ key: "size", operator: "Gt", value: "4" }, true],
    [{ key: "size", operator: "Lt", value: "4" }, false],
    [{ key: "size", operator: "Gt", value: "four" }, false],
  ];
  for (const [toleration, want] of table) assert.equal(tolerates(toleration, taint), want, JSON.stringify(toleration));
});

test("the first taint of an asked effect that nothing tolerates", () => {
  const taints = [
    { key: "soft", effect: "PreferNoSchedule" },
    { key: "a", effect: "NoSchedule" },
    { key: "b", effect: "NoSchedule" },
  ];
  const tolerations = [{ key: "a", operator: "Exists" }];
  assert.equal(untoleratedTaint(taints, tolerations, ["NoSchedule"])?.key, "b");
  assert.equal(untoleratedTaint(taints, undefined, ["NoExecute"]), undefined);
  assert.equal(untoleratedTaint(undefined, undefined, ["NoSchedule"]), undefined);
});
