import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, since, upToThree } from "./columns.ts";

test("no time is unknown", () => assert.equal(since(undefined, 0), "<unknown>"));

test("labels are sorted, and <none> without any", () => {
  assert.equal(formatLabels({ b: "2", a: "1" }), "a=1,b=2");
  assert.equal(formatLabels({}), "<none>");
});

test("a list shows three and counts the rest", () => {
  assert.equal(upToThree(["a", "b", "c", "d", "e"], "<none>"), "a,b,c + 2 more...");
  assert.equal(upToThree([], "<unset>"), "<unset>");
});
