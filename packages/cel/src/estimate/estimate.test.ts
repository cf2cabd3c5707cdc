import assert from "node:assert/strict";
import { test } from "node:test";
import { type CelSchema, compile, Environment, schemaType } from "../index.ts";

type Make = (max?: number) => CelSchema;

const bounded = (name: string, max?: number): object => (max === undefined ? {} : { [name]: max });
const arrayOf =
  (items: CelSchema): Make =>
  (max) => ({ type: "array", items, ...bounded("maxItems", max) });
const mapOf =
  (value: CelSchema): Make =>
  (max) => ({ type: "object", additionalProperties: value, ...bounded("maxProperties", max) });
const text: Make = (max) => ({ type: "string", ...bounded("maxLength", max) });
const number: CelSchema = { type: "number" };
const string: CelSchema = { type: "string" };
const boolean: CelSchema = { type: "boolean" };
const formatted = (format: string): CelSchema => ({ type: "string", format });
const intOrString: CelSchema = { "x-kubernetes-int-or-string": true };
const required: CelSchema = {
  type: "object",
  properties: { required: string, optional: string },
  required: ["required"],
};
const all = "self.all(x, true)";

/** The numbers are kube-apiserver's: they decide which CRDs are accepted. */
const table: readonly [schema: Make, rule: string, max: number, unbounded: number, bounded: number][] = [
  [arrayOf(number), all, 10, 4718591, 32],
  [arrayOf(string), all, 20, 3145727, 62],
  [arrayOf(boolean), all, 5, 1887437, 17],
  [arrayOf({ type: "array", items: number }), all, 100, 3145727, 302],
  [arrayOf(required), all, 50, 555128, 152],
  [mapOf(number), all, 10, 1348169, 32],
  [mapOf(string), all, 3, 1179647, 11],
  [mapOf(boolean), all, 100, 943718, 302],
  [text, "self.contains('test')", 10, 314574, 5],
  [text, "self.startsWith('test')", 15, 2, 2],
  [text, `size(self + "hello") > size("hello")`, 4, 314578, 7],
  [arrayOf(number), "self[1] == 0.0", 5000, 2, 2],
  [arrayOf(string), "self[1] == self[1]", 8, 314577, 314577],
  [text, `self.matches("x")`, 50, 314574, 22],
  [text, `"".matches("(((((((((())))))))))[0-9]")`, 10, 7, 7],
  [text, `self.matches("")`, 100, 1, 1],
  [text, `self == "x"`, 0, 2, 1],
  [arrayOf(number), "self.all(x, x == 0.0)", 3 * 1024 * 2048, 6291454, 25165826],
  [arrayOf(intOrString), all, 10, 4718591, 32],
  [arrayOf(intOrString), "self[0] == 5", 10, 3, 3],
  [arrayOf(boolean), "self[0] == false", 25, 2, 2],
  [arrayOf(required), "self[0] == null", 422, 2, 2],
  [arrayOf(formatted("duration")), all, 5, 2359295, 17],
  [arrayOf(formatted("duration")), "self[0].getHours() == 2", 525, 4, 4],
  [arrayOf(formatted("date")), all, 15, 725936, 47],
  [arrayOf(formatted("date-time")), all, 25, 428963, 77],
  [mapOf(required), all, 20, 428963, 62],
  [mapOf(formatted("duration")), all, 5, 1048577, 17],
  [mapOf(formatted("date-time")), `self["a"] == self["b"]`, 7, 8, 8],
  [text, "self.find('[0-9]+') == ''", 10, 629147, 11],
  [text, "self.lowerAscii() == 'lower!'", 10, 314575, 6],
  [mapOf({ type: "integer" }), "oldSelf.size() == self.size()", 10, 5, 5],
  [
    (max) => ({ type: "array", items: text(max), ...bounded("maxItems", max) }),
    "self.join(' ') == 'aa bb'",
    10,
    329853068905,
    43,
  ],
  [
    (max) => ({ type: "array", items: text(max), ...bounded("maxItems", max) }),
    "self.isSorted() == true",
    10,
    329854432052,
    52,
  ],
  [
    (max) => ({ type: "object", properties: { str: text(max), before: text(2), after: text(4) } }),
    "self.str.replace(self.before, self.after) == 'does not matter'",
    4,
    629154,
    12,
  ],
  [
    (max) => ({ type: "object", properties: { str: text(max), separator: text(max) } }),
    "self.str.split(self.separator) == []",
    10,
    629160,
    22,
  ],
  [
    (max) => ({ type: "object", additionalProperties: text(max), ...bounded("maxProperties", max) }),
    "self.all(x, x.contains(self[x]))",
    10,
    2752507,
    72,
  ],
  [(max) => ({ ...text(max), enum: ["A", "B", "C", "LongValue"] }), "self.contains('A')", 1000, 2, 401],
  [(max) => ({ ...intOrString, ...bounded("maxLength", max) }), "isQuantity(self)", 20, 314574, 9],
];

function estimate(schema: CelSchema, rule: string): number {
  const type = schemaType(schema, { name: "self" })!;
  const { program, message } = compile(rule, new Environment({ variables: { self: type, oldSelf: type } }));
  assert.ok(program, message ?? rule);
  return program.estimateCost().max;
}

test("the estimate of a rule is kube-apiserver's", () => {
  for (const [schema, rule, max, whole, part] of table) {
    assert.deepEqual([rule, estimate(schema(), rule)], [rule, whole]);
    assert.deepEqual([rule, max, estimate(schema(max), rule)], [rule, max, part]);
  }
});

test("loops within loops without bounds exceed any budget", () => {
  assert.ok(estimate(arrayOf(number)(), "self.all(x, self.all(y, true))") > 10_000_000);
  assert.equal(estimate(arrayOf(number)(10), "self.all(x, self.all(y, true))"), 352);
  assert.equal(estimate(arrayOf(number)(10), "self.all(x, self.all(y, self.all(z, true)))"), 3552);
});

test("what a step into a chosen or made value leads to is found from self, as upstream's estimator does", () => {
  const object: CelSchema = { type: "object", properties: { names: arrayOf(string)(256), name: string } };
  assert.equal(estimate(object, "self.names.exists(k, k.contains('/'))"), 80531971);
  assert.equal(estimate(object, "(has(self.names) ? self.names : []).exists(k, k.contains('/'))"), 1292);
  assert.equal(estimate(object, "(has(self.name) ? [self] : [])[0].name.contains('/')"), 314587);
});
