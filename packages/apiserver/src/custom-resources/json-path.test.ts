import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonPathError, parseJsonPath, printJsonPath } from "./json-path.ts";

const object = {
  spec: { replicas: 3, "a.b": "dotted", tags: ["x", "y", "z"], empty: null },
  status: {
    conditions: [
      { type: "Ready", status: "True", n: 2 },
      { type: "Other", status: "False", n: 5 },
    ],
  },
};

test("paths lead to values", () => {
  const cases: readonly (readonly [path: string, ...values: unknown[]])[] = [
    [".spec.replicas", 3],
    [".spec.none"],
    [".spec.replicas.deeper"],
    [".spec['a.b']", "dotted"],
    [".spec.a\\.b", "dotted"],
    [".spec.tags[0]", "x"],
    [".spec.tags[-1]", "z"],
    [".spec.tags[9]"],
    [".spec.tags[0:2]", "x", "y"],
    [".spec.tags[::2]", "x", "z"],
    [".spec.tags[0,2]", "x", "z"],
    [".spec.tags[*]", "x", "y", "z"],
    ['.status.conditions[?(@.type=="Ready")].status', "True"],
    [".status.conditions[?(@.n > 3)].type", "Other"],
    [".status.conditions[?(@.type!='Ready')].type", "Other"],
    [".status.conditions[*].type", "Ready", "Other"],
    ["..type", "Ready", "Other"],
    [".spec.empty", null],
    [".__proto__"],
    [".constructor.name"],
  ];
  for (const [path, ...values] of cases) assert.deepEqual(parseJsonPath(path)(object), values, path);
});

test("what is no path is refused", () => {
  for (const path of ["spec", ".a[", ".a[?(@.b", ".a[x]", ".a b", ".a[?(f())]"]) {
    assert.throws(() => parseJsonPath(path), JsonPathError, path);
  }
});

test("values are printed as kubectl prints them", () => {
  assert.deepEqual([3, "x", { a: 1 }, null].map(printJsonPath), ["3", "x", '{"a":1}', "<nil>"]);
});
