import assert from "node:assert/strict";
import { test } from "node:test";
import { integerOf, isInteger, parseJson, writeJson } from "./exact-json.ts";
import { decodeJson } from "./json.ts";
import { decodeYaml } from "./yaml.ts";

test("integers of up to 64 bits are read and written exactly", () => {
  const exact = [
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "1234567890123456789",
    "9223372036854775807",
    "-9223372036854775808",
  ];
  for (const text of exact) {
    assert.equal(parseJson(text), BigInt(text));
    const document = `{"a":[1,{"b":${text},"c":"${text}"},${text}],"d":{"e":${text}}}`;
    assert.equal(writeJson(parseJson(document)), document);
    assert.deepEqual(decodeJson(document), { value: parseJson(document), duplicates: [] });
  }
});

test("what a number holds is a number, what has no 64 bits is a double as in Go", () => {
  const table: [string, number][] = [
    ["9007199254740991", 9007199254740991],
    ["1000000000000000", 1e15],
    ["-9007199254740991", -9007199254740991],
    ["9223372036854775808", 2 ** 63],
    ["123456789012345678901234567890", 1.2345678901234568e29],
    ["9007199254740993.0", 9007199254740992],
    ["9007199254740993e0", 9007199254740992],
    ["1e17", 1e17],
    ["0.9007199254740993", 0.9007199254740993],
    ["1.0", 1],
  ];
  for (const [text, want] of table) assert.equal(parseJson(text), want, text);
  assert.equal(integerOf(5n), 5);
  assert.equal(integerOf(1n << 63n), undefined);
  assert.deepEqual([1, 1.5, 1n, "1", null].map(isInteger), [true, false, true, false, false]);
});

test("what is no JSON stays none, and strings stay strings", () => {
  const wrong = [
    "09007199254740993",
    "--9007199254740993",
    "9007199254740993a",
    "+9007199254740993",
    "[9007199254740993",
  ];
  for (const text of wrong) {
    assert.throws(() => parseJson(text), SyntaxError, text);
    assert.throws(() => decodeJson(text), { name: "JsonSyntaxError" }, text);
  }
  const odd = String.raw`{"a\"9007199254740993":"\\9007199254740993","__proto__":{"x":9007199254740993}}`;
  assert.equal(writeJson(parseJson(odd)), odd);
});

test("what is wrong is told of the text as it came", () => {
  const wrong = "[9007199254740993, x]";
  const told = (parse: (text: string) => unknown) => {
    try {
      parse(wrong);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(told(parseJson), told(JSON.parse));
  assert.match(told(parseJson) ?? "", /x/);
});

test("a key given twice, beside a long integer", () => {
  const { value, duplicates } = decodeJson('{"a":1,"a":9007199254740993}');
  assert.deepEqual([value, duplicates], [{ a: 9007199254740993n }, ['duplicate field "a"']]);
});

test("a long run of digits costs no second: a megabyte of small numbers around one long", () => {
  const text = `[${"1,".repeat(500_000)}9007199254740993]`;
  assert.equal((parseJson(text) as unknown[]).at(-1), 9007199254740993n);
});

test("YAML has the same integers", async () => {
  const { value } = await decodeYaml(
    "a: 9007199254740993\nb: 1\n3: 0x10\nd: 1.0\ne: 18446744073709551615\nf: -9223372036854775808\n",
  );
  assert.deepEqual(value, { a: 9007199254740993n, b: 1, 3: 16, d: 1, e: 2 ** 64, f: -9223372036854775808n });
});
