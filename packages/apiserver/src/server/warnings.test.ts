import assert from "node:assert/strict";
import { test } from "node:test";
import { limitWarnings } from "./warnings.ts";

test("all is said while it is not much, and cut when it is", () => {
  assert.deepEqual(limitWarnings(["a", "", "b".repeat(4095)]), ["a", "b".repeat(4095)]);
  const many = Array.from({ length: 30 }, (_, i) => `${i}${"x".repeat(400)}`);
  const limited = limitWarnings(many);
  assert.equal(limited.length, 16);
  assert.ok(limited.every((text) => text.length === 256));
});
