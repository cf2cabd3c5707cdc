import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, formatDifferences, semanticEqual } from "./pod-spec-equality.ts";

test("equal in meaning", () => {
  const cases: [string, unknown, unknown, boolean][] = [
    ["the same", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    ["empty and absent", { a: [], b: {}, c: null }, {}, true],
    ["empty text is a value", { a: "" }, {}, false],
    ["false is a value", { a: false }, {}, false],
    ["order in a list", { a: [1, 2] }, { a: [2, 1] }, false],
    ["a longer list", { a: [1] }, { a: [1, 2] }, false],
    ["amounts", { requests: { cpu: "1000m" } }, { requests: { cpu: "1" } }, true],
    ["other amounts", { requests: { cpu: "1" } }, { requests: { cpu: "2" } }, false],
    ["amounts only where amounts are", { env: { cpu: "1000m" } }, { env: { cpu: "1" } }, false],
  ];
  for (const [name, a, b, expected] of cases) assert.equal(semanticEqual(a, b), expected, name);
});

test("what differs, outermost", () => {
  assert.deepEqual(differences({ a: { b: 1, c: [1, 2] } }, { a: { b: 2, c: [1, 3] } }), [
    { path: "a.b", before: 1, after: 2 },
    { path: "a.c[1]", before: 2, after: 3 },
  ]);
  assert.equal(formatDifferences({ a: 1 }, { b: "x" }), '- \ta: 1,\n+ \ta: null,\n- \tb: null,\n+ \tb: "x",\n');
});
