import assert from "node:assert/strict";
import { test } from "node:test";
import { pushAll } from "./push-all.ts";

test("adds more than the stack would hold", () => {
  const list = [-1];
  pushAll(
    list,
    Array.from({ length: 500_000 }, (_, i) => i),
  );
  assert.equal(list.length, 500_001);
  assert.equal(list.at(-1), 499_999);
});
