import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObject } from "./decode.ts";
import { decodeJson } from "./json.ts";
import type { Schema, SchemaSet } from "./schema.ts";
import { writtenNumbers } from "./written-numbers.ts";

test("only numbers with a fraction or an exponent, and where they are", () => {
  const text = '{"a.b":1.0,"list":[1,{"x":1e3,"y":"2.5"},-0.5E-1],"true":true,"e":10}';
  assert.equal(decodeJson(text).hasFractions, true);
  assert.deepEqual(writtenNumbers(text), [
    { path: ["a.b"], text: "1.0" },
    { path: ["list", 1, "x"], text: "1e3" },
    { path: ["list", 2], text: "-0.5E-1" },
  ]);
  for (const plain of ['{"a":"1.0 1e3","b":[true,false,null,12]}', "{}", "12"])
    assert.equal(decodeJson(plain).hasFractions, undefined, plain);
  assert.equal(writtenNumbers(JSON.stringify(Array(2000).fill(0.5))).length, 1000);
});

test("how deep a list lies does not count", () => {
  const list = `[${Array(50_000).fill("[]").join()}]`;
  const spent = (depth: number) => {
    const text = `{"x":1.5,"a":${"[".repeat(depth)}${list}${"]".repeat(depth)}}`;
    const once = () => {
      const before = process.threadCpuUsage();
      assert.equal(writtenNumbers(text).length, 1);
      const { user, system } = process.threadCpuUsage(before);
      return user + system;
    };
    return Math.min(once(), once(), once());
  };
  const [shallow, deep] = [spent(1), spent(990)];
  assert.ok(deep < 2.2 * shallow, `${deep} µs instead of ${shallow}`);
});

const quantity: Schema = { format: "quantity", "x-kubernetes-int-or-string": true };
const schema: Schema = {
  type: "object",
  "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "Thing" }],
  properties: {
    int: { type: "integer", format: "int32" },
    long: { type: "integer", format: "int64" },
    ratio: { type: "number" },
    port: { "x-kubernetes-int-or-string": true },
    text: { type: "string" },
    limits: { type: "object", additionalProperties: quantity },
    ints: { type: "array", items: { type: "integer", format: "int64" } },
  },
};
const set: SchemaSet = { get: () => undefined, names: () => [] };

function decode(text: string) {
  return decodeObject(decodeJson(text).value, schema, set, { numbers: writtenNumbers(text) }).value;
}

test("what Go's decoder takes for an integer has digits alone", () => {
  const cases: Record<string, string> = {
    '{"int":1.0}': "number 1.0 into Go struct field Thing.int of type int32",
    '{"int":1e3}': "number 1e3 into Go struct field Thing.int of type int32",
    '{"int":1.50}': "number 1.50 into Go struct field Thing.int of type int32",
    '{"long":5E0}': "number 5E0 into Go struct field Thing.long of type int64",
    '{"port":80.0}': "number 80.0 into Go struct field Thing.port of type int32",
    '{"text":1.0}': "number into Go struct field Thing.text of type string",
    '{"port":true}': "bool into Go struct field Thing.port of type int32",
  };
  for (const [text, why] of Object.entries(cases))
    assert.throws(() => decode(text), { message: `json: cannot unmarshal ${why}` });
  assert.throws(() => decode('{"ints":[1,2.0]}'), /cannot unmarshal number 2.0 into Go .*int64$/);
});

test("a quantity keeps the form it is written in; other numbers are what they are", () => {
  assert.deepEqual(decode('{"limits":{"a.b/c":1e3,"d":0.5,"e":1000},"ratio":1.0}'), {
    limits: { "a.b/c": "1e3", d: "500m", e: "1k" },
    ratio: 1,
  });
  const malformed = /^quantities must match the regular expression/;
  assert.throws(() => decode('{"limits":{"a":true,"b":1.0}}'), { message: malformed });
});
