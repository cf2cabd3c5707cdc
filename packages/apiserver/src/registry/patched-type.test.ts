import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { jsonPatchNumbers } from "./patched-type.ts";

test("a JSON patch's numbers stand where its operations put them", () => {
  const patch = [{ op: "remove", path: "/a" }, { op: "add", path: "/a~1b/m~0n/-", value: { x: [1] } }, null];
  const number = (...path: (string | number)[]) => ({ path, text: "1.0" });
  assert.deepEqual(jsonPatchNumbers(patch, [number(1, "value", "x", 0), number(1, "path"), number(2, "value")]), [
    number("a/b", "m~n", "-", "x", 0),
  ]);
  assert.deepEqual(jsonPatchNumbers({}, [number(0, "value")]), []);
});

test("a long path is taken apart once, however many numbers are written there", () => {
  assertLinear("a patched type", 4000, (size) => {
    const patch = [{ op: "add", path: `/${"~1".repeat(4 * size)}`, value: [] }];
    const numbers = Array.from({ length: size / 20 }, (_, i) => ({ path: [0, "value", i], text: "1.0" }));
    assert.equal(jsonPatchNumbers(patch, numbers).length, numbers.length);
  });
});
