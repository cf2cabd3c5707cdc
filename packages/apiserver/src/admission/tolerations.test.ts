import assert from "node:assert/strict";
import { test } from "node:test";
import type { Toleration } from "@kubets/api";
import { mergeTolerations } from "./tolerations.ts";

test("tolerations are merged without what others imply", () => {
  const exists = (key: string, effect?: string): Toleration => ({
    key,
    operator: "Exists",
    ...(effect ? { effect } : {}),
  });
  const table: [Toleration[], Toleration[], Toleration[]][] = [
    [[exists("a")], [exists("a")], [exists("a")]],
    [[exists("a", "NoSchedule")], [exists("a")], [exists("a")]],
    [[{ operator: "Exists" }], [exists("a")], [{ operator: "Exists" }]],
    [
      [{ key: "a", value: "1" }],
      [{ key: "a", value: "2" }],
      [
        { key: "a", value: "1" },
        { key: "a", value: "2" },
      ],
    ],
  ];
  for (const [first, second, want] of table) assert.deepEqual(mergeTolerations(first, second), want);
});
