import assert from "node:assert/strict";
import { test } from "node:test";
import type { Random } from "./clock.ts";
import { seededRandom } from "./seeded-random.ts";
import { compareYamlKeys, writeYaml, writeYamlItem } from "./write-yaml.ts";
import { decodeYaml } from "./yaml.ts";

const pieces = [
  ..."ab1 :#-?'\"\\{}[],&*!|>%@`~=<.+_/\n\t\r0xeE",
  ...[
    "\u0085",
    "\u2028",
    "\ufeff",
    "ü",
    "😀",
    "\ud800",
    "true",
    "null",
    "1e3",
    "0x1",
    "1_000",
    "12:30:45",
    "2024-01-01",
  ],
  ...["---", "...", ".inf", ".nan", "yes", "  ", "\n\n", ": ", " #", "- ", "? ", "<<"],
];

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;

function text(random: Random): string {
  return Array.from({ length: Math.floor(random.next() * 5) }, () => pick(random, pieces)).join("");
}

function value(random: Random, depth: number): unknown {
  const kind = Math.floor(random.next() * (depth > 0 ? 8 : 5));
  if (kind === 0) return pick(random, [null, true, false, 0, -1, 1.5, 1e21, 9007199254740993n]);
  if (kind <= 4) return text(random);
  const many = Array.from({ length: Math.floor(random.next() * 4) }, () => value(random, depth - 1));
  if (kind === 5) return many;
  // A merge key would be merged, and a lone surrogate or Go's own escape is no key anyone has.
  return Object.fromEntries(many.map((each) => [`${text(random)}k`, each]));
}

const readable = (given: unknown): unknown =>
  JSON.parse(JSON.stringify(given, (_, each) => (typeof each === "bigint" ? `n${each}` : each)));

test("what is written is read again", async () => {
  const random = seededRandom(7);
  for (let i = 0; i < 4000; i++) {
    const given = { a: value(random, 4), b: [value(random, 2)] };
    const written = writeYaml(given);
    const { value: read } = await decodeYaml(written).catch((error) => assert.fail(`${error}: ${written}`));
    assert.deepEqual(readable(read), readable(given), written);
  }
});

test("as Go writes it", () => {
  const object = {
    metadata: { name: "web", labels: { b: "yes", a: "1" }, annotations: { "x/y": '{"a":1}\n' } },
    kind: "Pod",
    spec: { containers: [{ name: "c", args: ["- a", "it's: so", ""], env: [] }], volumes: {}, list: [[1], [null]] },
  };
  assert.equal(
    writeYaml(object),
    `kind: Pod
metadata:
  annotations:
    x/y: |
      {"a":1}
  labels:
    a: "1"
    b: "yes"
  name: web
spec:
  containers:
  - args:
    - '- a'
    - 'it''s: so'
    - ""
    env: []
    name: c
  list:
  - - 1
  - - null
  volumes: {}
`,
  );
  assert.equal(writeYamlItem({ b: 1, a: [2] }), "- a:\n  - 2\n  b: 1\n");
});

test("keys in Go's order", () => {
  const keys = ["a10", "a2", "a", "B", "b", "_", "1", "10", "9", "a02", ".x", "a-b", "aB"];
  assert.deepEqual(keys.sort(compareYamlKeys), [
    ".x",
    "_",
    "1",
    "9",
    "10",
    "B",
    "a",
    "a-b",
    "a2",
    "a02",
    "a10",
    "aB",
    "b",
  ]);
});
