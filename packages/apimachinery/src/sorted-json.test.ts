import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeAsGo, writeSortedJson } from "./sorted-json.ts";

test("keys are in order, numbers too", () => {
  const value = { b: [{ z: 1, a: undefined }, null], "9": 9007199254740993n, "10": "x", __proto__x: {} };
  assert.equal(writeSortedJson(value), '{"10":"x","9":9007199254740993,"__proto__x":{},"b":[{"z":1},null]}');
  assert.equal(writeSortedJson(undefined), "null");
});

test("what HTML knows is escaped as Go does", () => {
  assert.equal(escapeAsGo('{"a":"<b> & \u2028é"}'), '{"a":"\\u003cb\\u003e \\u0026 \\u2028é"}');
});
