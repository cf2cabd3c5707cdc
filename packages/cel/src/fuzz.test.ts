import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, testSeed } from "@kubets/apimachinery";
import { compile, dynType, Environment, schemaType } from "./index.ts";

const seed = testSeed();
const rounds = 3000;
const slowestMs = 2000;

const atoms = [
  ..."1 0 -9223372036854775808 9223372036854775807 1.5 1e300 2u true false null '' 'a👑' b'x' [] {} self any x y".split(
    " ",
  ),
  ..."self.list self.text self.map self.when any.deep any.list any[0] any.?z optional.none() int string".split(" "),
  "duration('1h')",
  "timestamp('2020-01-01T00:00:00Z')",
  "quantity('1Gi')",
  "'(a*)*b'",
  "[1, 2, 3]",
  "{'a': 1}",
];
const binary = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||"];
const unary = [
  "size",
  "type",
  "string",
  "int",
  "double",
  "dyn",
  "bytes",
  "isQuantity",
  "lists.range",
  "optional.of",
  "has",
  "!",
  "-",
  "url",
];
const members =
  "size split join replace matches find findAll flatten sort distinct reverse sum max value hasValue lowerAscii trim getHours contains substring format orValue".split(
    " ",
  );
const macros = "all exists exists_one map filter transformList transformMap sortBy optMap".split(" ");
const junk = [
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ".",
  ",",
  "?",
  ":",
  "'",
  '"',
  "\\",
  "`",
  "\u0000",
  "\ud800",
  "r'",
  "//",
  "0x",
  "1e",
  "@",
];

function expression(next: (below: number) => number, depth: number): string {
  const pick = <T>(from: readonly T[]): T => from[next(from.length)]!;
  const inner = (): string => expression(next, depth - 1);
  if (depth <= 0) return pick(atoms);
  switch (next(10)) {
    case 0:
      return pick(atoms);
    case 1:
    case 2:
      return `(${inner()} ${pick(binary)} ${inner()})`;
    case 3:
      return `${pick(unary)}(${inner()})`;
    case 4:
      return `${inner()}.${pick(members)}(${next(2) === 0 ? "" : inner()})`;
    case 5:
      return `${inner()}.${pick(macros)}(${next(2) === 0 ? "x" : "x, y"}, ${inner()})`;
    case 6:
      return `(${inner()} ? ${inner()} : ${inner()})`;
    case 7:
      return `[${inner()}, ${inner()}]`;
    case 8:
      return `{${inner()}: ${inner()}}`;
    default:
      return next(8) === 0 ? inner() + pick(junk) + inner() : `${inner()}[${inner()}]`;
  }
}

test(`random expressions (KUBETS_SEED=${seed}) give a value or an error, and soon`, () => {
  const self = schemaType({
    type: "object",
    properties: {
      list: { type: "array", items: { type: "integer" } },
      text: { type: "string" },
      map: { type: "object", additionalProperties: { type: "string" } },
      when: { type: "string", format: "date-time" },
    },
  })!;
  const environment = new Environment({ variables: { self, any: dynType, x: dynType, y: dynType } });
  const deep = {
    list: Array.from({ length: 300 }, (_, i) => i),
    text: "ab".repeat(500),
    __proto__: null,
    constructor: 1,
  };
  const bindings = {
    self: { list: deep.list, text: deep.text, map: { a: "b" }, when: "2020-01-01T00:00:00Z" },
    any: { deep, list: deep.list, nothing: null },
    x: [deep.text, deep.text],
    y: { a: deep },
  };
  const random = seededRandom(seed);
  const next = (below: number) => Math.floor(random.next() * below);
  let compiled = 0;
  for (let round = 0; round < rounds; round++) {
    const source = expression(next, 1 + next(6));
    const started = process.hrtime.bigint();
    const { program } = compile(source, environment);
    if (program !== undefined) {
      compiled++;
      const { min, max } = program.estimateCost();
      assert.ok(min >= 0 && max >= 0, source);
      const result = program.evaluate(bindings);
      assert.ok(
        !(result.error?.message.includes("is not a function") || result.error?.message.includes("undefined")),
        `${source}: ${result.error?.message}`,
      );
    }
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    assert.ok(ms < slowestMs, `${source} took ${ms} ms`);
  }
  assert.ok(compiled > rounds / 50, `only ${compiled} of ${rounds} compiled`);
});

const attacks = [
  `optional.of(1)${".optMap(x, x)".repeat(60)}.hasValue()`,
  `any.list${".sortBy(x, x)".repeat(60)} == []`,
  `"a".matches("(a{1000}){1000}")`,
  `any.text.matches("(x+x+)+y")`,
  `(any.text + any.text + any.text + any.text).matches("(x{0,99}){9}[yz]")`,
  `any.list.all(i, !any.text.matches("(x{1,1000})[yz]"))`,
  "lists.range(1000000000)",
  "[[1,2,3,4,5,6,7,8,9].map(a, any.list)].flatten(9223372036854775807)",
  `any.text.replace('', any.text).replace('', any.text).replace('', any.text)`,
  "any.list.map(a, any.list.map(b, any.list.map(c, c)))",
  "any.list.map(a, any.text).join(any.text).split('').join('x')",
  `'%.999999999f'.format([1.5])`,
  `'%s'.format([any.list.map(a, any.list.map(b, b))])`,
  "any.list.all(a, any.list.all(b, any.text.contains(any.text)))",
];

test("attacks end", () => {
  const environment = new Environment({ variables: { any: dynType } });
  const any = { list: Array.from({ length: 1000 }, (_, i) => i), text: "x".repeat(20_000) };
  for (const source of attacks) {
    const started = process.hrtime.bigint();
    compile(source, environment).program?.evaluate({ any });
    const ms = Number(process.hrtime.bigint() - started) / 1e6;
    assert.ok(ms < slowestMs, `${source} took ${ms} ms`);
  }
});
