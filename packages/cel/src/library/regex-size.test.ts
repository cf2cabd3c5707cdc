import assert from "node:assert/strict";
import { test } from "node:test";
import { isRegex } from "./regex.ts";
import { maxRegexSize, regexSize } from "./regex-size.ts";

test("what is counted is written out", () => {
  assert.equal(regexSize("abc"), 3);
  assert.equal(regexSize("a{3}b{2,5}"), 8);
  assert.equal(regexSize("(ab){10}"), 30);
  assert.equal(regexSize("((ab){10}){10}"), 310);
  assert.ok(regexSize("[a-z]{63}") < 400);
  assert.ok(regexSize("(?i)\\pL") > regexSize("\\pL"));
});

test("what is too large is none, and at once", () => {
  for (const pattern of [`(${"a".repeat(1000)}){1000}`, "a".repeat(1_000_000), `(?i)${"\\pL".repeat(5000)}`]) {
    assert.ok(regexSize(pattern) > maxRegexSize);
    const { user } = process.threadCpuUsage();
    assert.ok(!isRegex(pattern));
    const took = process.threadCpuUsage().user - user;
    assert.ok(took < 500_000, `${took} µs`);
  }
  assert.ok(isRegex(`^(${"[a-z0-9]{1,63}\\.".repeat(20)}){1,10}$`));
});
