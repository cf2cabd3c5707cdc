import assert from "node:assert/strict";
import { test } from "node:test";
import { invalid, invalidValue, path } from "./field-error.ts";

test("paths print as upstream's", () => {
  assert.equal(path("spec").child("ports").index(1).child("a", "b").key("c/d").toString(), "spec.ports[1].a.b[c/d]");
  assert.equal(path().child("kind").toString(), "kind");
  assert.equal(path().index(0).toString(), "[0]");
});

test("values print as upstream's: text as Go quotes it, everything else as Go's JSON", () => {
  const shown = (value: unknown) => invalidValue(path("a"), value, "why").message;
  assert.equal(shown('a"b'), 'Invalid value: "a\\"b": why');
  assert.equal(shown("a\u0000\u0007\nb>"), 'Invalid value: "a\\x00\\a\\nb>": why');
  assert.equal(shown({ rule: "1 < 2" }), 'Invalid value: {"rule":"1 \\u003c 2"}: why');
  assert.equal(shown(undefined), "Invalid value: null: why");
});

test("errors without end are told as far as an answer holds them, one at least", () => {
  const long = "x".repeat(1024 * 1024);
  const causesOf = (count: number, value: string) => {
    const errors = Array.from({ length: count }, (_, i) => invalidValue(path(`f${i}`), value, "why"));
    return invalid("", "Pod", "a", errors).status.details?.causes?.length;
  };
  assert.equal(causesOf(1000, long), 7);
  assert.equal(causesOf(2, long.repeat(9)), 1);
  assert.equal(causesOf(1000, "x"), 1000);
  assert.equal(causesOf(100_000, "x"), 20_000);
});
