import assert from "node:assert/strict";
import { test } from "node:test";
import { mandatoryLevels, suggestedLevels } from "./bootstrap-objects.ts";
import { adjustedLimits, limitsOf, shareOut } from "./concurrency.ts";

test("the default levels of a default server have upstream's seats", () => {
  const levels = [...mandatoryLevels, ...suggestedLevels];
  const limits = limitsOf(levels, 600);
  const byName = levels.map(({ metadata }, i) => [metadata?.name, limits[i]!.nominal, limits[i]!.lower]);
  assert.deepEqual(byName, [
    ["exempt", 0, 0],
    ["catch-all", 13, 13],
    ["system", 74, 50],
    ["node-high", 98, 73],
    ["leader-election", 25, 25],
    ["workload-high", 98, 49],
    ["workload-low", 245, 24],
    ["global-default", 49, 24],
  ]);
});

test("what there is is shared in proportion, within bounds", () => {
  const claim = (lower: number, upper: number, target: number) => ({ lower, upper, target });
  assert.deepEqual(shareOut(10, [claim(0, 10, 1), claim(0, 10, 4)])?.parts, [2, 8]);
  assert.deepEqual(shareOut(12, [claim(5, 10, 1), claim(0, 20, 6)])?.parts, [5, 7]);
  assert.deepEqual(shareOut(12, [claim(0, 3, 6), claim(0, 20, 6)])?.parts, [3, 9]);
  assert.equal(shareOut(12, [claim(0, 3, 6), claim(0, 6, 6)]), undefined);
});

test("idle levels lend what they may, and no more", () => {
  const level = (nominal: number, lower: number, highWatermark: number) => ({
    ...{ nominal, lower, upper: 1000, exempt: false, highWatermark, smoothed: highWatermark, current: nominal },
  });
  const { limits } = adjustedLimits([level(50, 20, 0), level(50, 40, 0), level(50, 30, 200)], 150);
  assert.deepEqual(limits, [20, 40, 90]);
  const exempt = { ...level(0, 0, 30), exempt: true };
  assert.deepEqual(adjustedLimits([exempt, level(50, 20, 0), level(50, 40, 100)], 100).limits, [30, 20, 50]);
  // As upstream: the limited share the whole.
  assert.deepEqual(adjustedLimits([exempt, level(50, 20, 0), level(50, 40, 10)], 100).limits, [30, 33, 67]);
  const bounded = { ...level(50, 20, 60), upper: 50, current: 44 };
  assert.deepEqual(adjustedLimits([bounded, bounded], 120).limits, [44, 44]);
});
