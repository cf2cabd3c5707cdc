import assert from "node:assert/strict";
import { test } from "node:test";
import { deepEqual } from "./equality.ts";

test("deepEqual", () => {
  const equal: [unknown, unknown][] = [
    [1, 1],
    [undefined, undefined],
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [{ a: undefined }, {}],
    [{}, { a: undefined }],
    [[{ a: [1] }], [{ a: [1] }]],
  ];
  for (const [a, b] of equal) assert.ok(deepEqual(a, b), JSON.stringify([a, b]));
  const different: [unknown, unknown][] = [
    [1, "1"],
    [null, {}],
    [undefined, null],
    [{ a: null }, {}],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: 1 }, { b: 1 }],
    [{}, { toString: 1 }],
    [{ constructor: Object }, {}],
  ];
  for (const [a, b] of different) {
    assert.ok(!deepEqual(a, b), JSON.stringify([a, b]));
    assert.ok(!deepEqual(b, a), JSON.stringify([b, a]));
  }
});
