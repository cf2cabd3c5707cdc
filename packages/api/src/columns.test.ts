import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, humanDuration, since, upToThree } from "./columns.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

for (const [seconds, text] of [
  [-2, "<invalid>"],
  [-1, "0s"],
  [0, "0s"],
  [119, "119s"],
  [120, "2m"],
  [5 * minute + 3, "5m3s"],
  [10 * minute + 3, "10m"],
  [179 * minute, "179m"],
  [3 * hour, "3h"],
  [7 * hour + 5 * minute, "7h5m"],
  [8 * hour + 5 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day + 3 * hour, "2d3h"],
  [8 * day + 3 * hour, "8d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [740 * day, "2y10d"],
  [2920 * day, "8y"],
] as const) {
  test(`${seconds} seconds are ${text}`, () => assert.equal(humanDuration(seconds * 1000), text));
}

test("no time is unknown", () => assert.equal(since(undefined, 0), "<unknown>"));

test("labels are sorted, and <none> without any", () => {
  assert.equal(formatLabels({ b: "2", a: "1" }), "a=1,b=2");
  assert.equal(formatLabels({}), "<none>");
});

test("a list shows three and counts the rest", () => {
  assert.equal(upToThree(["a", "b", "c", "d", "e"], "<none>"), "a,b,c + 2 more...");
  assert.equal(upToThree([], "<unset>"), "<unset>");
});
