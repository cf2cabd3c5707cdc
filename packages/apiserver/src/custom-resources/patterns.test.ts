import assert from "node:assert/strict";
import { test } from "node:test";
import { patternFault, patternMatcher, preparePatterns } from "./patterns.ts";

const schemaOf = (patterns: readonly string[]) => ({
  properties: Object.fromEntries(patterns.map((pattern, i) => [`p${i}`, { type: "string", pattern }])),
});

test("others have their turn while a thousand patterns are compiled", async () => {
  const patterns = Array.from({ length: 1000 }, (_, i) => `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?x${i}$`);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await preparePatterns(schemaOf(patterns));
  clearInterval(timer);
  assert.ok(turns > 1);
  assert.ok(patternMatcher(patterns[7]!)("abcx7"));
});

test("one that is too large has a fault, and too many are refused", async () => {
  assert.equal(patternFault(`(${"a".repeat(1000)}){1000}`), "expression too large");
  const many = Array.from({ length: 400 }, (_, i) => `^(a{1,900}x)b{1000}${i}$`);
  await assert.rejects(preparePatterns(schemaOf(many)), /patterns: expression too large/);
});
