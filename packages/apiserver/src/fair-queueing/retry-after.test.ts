import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryAfter } from "./retry-after.ts";

test("who is refused stays away twice as long while many are, and a little less long when few are", () => {
  const retryAfter = new RetryAfter();
  // At which second, how many are refused, and what the last of them is told. As in upstream's own test.
  const steps: [number, number, number][] = [
    [0, 5, 1],
    [1, 11, 2],
    [2, 1, 2],
    [3, 11, 4],
    [4, 1, 4],
    [7, 1, 8],
    [11, 1, 8],
    [15, 1, 7],
    [17, 1, 6],
    [21, 14, 5],
    [22, 1, 10],
  ];
  for (const [second, refused, wanted] of steps) {
    for (let i = 0; i < refused; i++) retryAfter.refused(1_700_000_000_000 + second * 1000 + i);
    assert.equal(retryAfter.seconds, wanted, `at ${second} s`);
  }
});

test("never longer than 32 seconds", () => {
  const retryAfter = new RetryAfter();
  for (let second = 0; second < 200; second++) {
    for (let i = 0; i < 100; i++) retryAfter.refused(1_700_000_000_000 + second * 1000);
  }
  assert.equal(retryAfter.seconds, 32);
});
