import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeJson } from "./json.ts";
import { parseJsonSlowly } from "./json-parser.ts";
import { clone } from "./object.ts";
import { decodeYaml } from "./yaml.ts";

test("values, from text and bytes", () => {
  const text = '{"a":[1,-2.5e3,"x\\"\\u00e9:",true,false,null],"b":{"c":{}}}';
  const value = JSON.parse(text);
  assert.deepEqual(decodeJson(text), { value, duplicates: [], hasFractions: true });
  assert.deepEqual(decodeJson(new TextEncoder().encode(text)).value, value);
  assert.deepEqual(parseJsonSlowly(text).value, value);
});

test("keys given twice are named", () => {
  assert.deepEqual(decodeJson('{"spec":{"replicas":1,"replicas":2,"c":[{"a":1},{"b":1,"b":1}]}}').duplicates, [
    'duplicate field "spec.replicas"',
    'duplicate field "spec.c[1].b"',
  ]);
  assert.deepEqual(decodeJson('{"a":{"b":1},"a":"x:y"}').value, { a: "x:y" });
});

test("errors are Go's", () => {
  const table: Record<string, string> = {
    "": "unexpected end of JSON input",
    '{"a":1': "unexpected end of JSON input",
    '{"a': "unexpected end of JSON input",
    x: "invalid character 'x' looking for beginning of value",
    "{a:1}": "invalid character 'a' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\"' after object key:value pair",
    "[1 2]": "invalid character '2' after array element",
    "[1,]": "invalid character ']' looking for beginning of value",
    "{} {}": "invalid character '{' after top-level value",
    '"\\x"': "invalid character 'x' in string escape code",
    trux: "invalid character 'x' in literal true (expecting 'e')",
    "\ufeff{}": "invalid character 'ï' looking for beginning of value",
    "-x": "invalid character 'x' in numeric literal",
  };
  for (const [text, message] of Object.entries(table)) {
    assert.throws(() => decodeJson(text), { name: "JsonSyntaxError", message }, text);
  }
  assert.throws(() => decodeJson("[".repeat(100_000)), { message: "invalid character '[' exceeded max depth" });
});

test("no key reaches a prototype", () => {
  const { value } = decodeJson('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  const copy = clone(value) as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  assert.deepEqual(Object.keys(copy), ["__proto__", "constructor"]);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("YAML", async () => {
  const text = "apiVersion: v1\ndata:\n  a: yes\n  t: 2026-01-01\n  m: 0644\n  1: x\n---\nsecond: true\n";
  assert.deepEqual((await decodeYaml(text)).value, {
    apiVersion: "v1",
    data: { a: true, t: "2026-01-01", m: 420, 1: "x" },
  });
  assert.deepEqual((await decodeYaml('{"a":1,"a":2}')).duplicates, ['duplicate field "a"']);
  assert.deepEqual((await decodeYaml("a: 1\na: 2\n")).duplicates, [
    'yaml: unmarshal errors:\n  line 2: key "a" already set in map',
  ]);
  assert.deepEqual((await decodeYaml("a: &x {b: 1}\nc: {<<: *x, d: 2}\n")).value, { a: { b: 1 }, c: { b: 1, d: 2 } });
  assert.equal((await decodeYaml("")).value, null);
  await assert.rejects(decodeYaml("a: [1\nb: 2"), /^YamlSyntaxError: error converting YAML to JSON: yaml: line 2:/);
  for (const depth of [1100, 3000, 6000, 100_000]) {
    await assert.rejects(decodeYaml("[".repeat(depth) + "]".repeat(depth)), /exceeded max depth/);
  }
  const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"];
  for (let i = 1; i < 9; i++) bomb.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`)}]`);
  await assert.rejects(decodeYaml(bomb.join("\n")), /alias/i);
});

test("the first document of a YAML text is all that is read", async () => {
  assert.deepEqual((await decodeYaml("---\na: 1\n---\na: 2\n---\nb: [1\n")).value, { a: 1 });
});
