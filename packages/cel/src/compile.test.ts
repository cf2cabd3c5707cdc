import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AuthorizerValue,
  authorizerType,
  type CelSchema,
  compile,
  dynType,
  Environment,
  type EvaluationResult,
  mapType,
  ObjectValue,
  objectType,
  optionalType,
  schemaType,
  stringType,
} from "./index.ts";

const string: CelSchema = { type: "string" };
const integer: CelSchema = { type: "integer" };
const schema: CelSchema = {
  type: "object",
  properties: {
    name: string,
    count: integer,
    ratio: { type: "number" },
    list: { type: "array", items: integer },
    set: { type: "array", items: string, "x-kubernetes-list-type": "set" },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port"],
      items: { type: "object", properties: { port: integer, name: string } },
    },
    labels: { type: "object", additionalProperties: string },
    either: { "x-kubernetes-int-or-string": true },
    when: { type: "string", format: "date-time" },
    wait: { type: "string", format: "duration" },
    data: { type: "string", format: "byte" },
    namespace: string,
    "with-dash": string,
    unknown: { "x-kubernetes-preserve-unknown-fields": true },
  },
};
const self = schemaType(schema, { resourceRoot: true, name: "self" })!;
const environment = new Environment({ variables: { self, oldSelf: self, any: dynType } });
const object = {
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name: "a" },
  name: "Rook 👑",
  count: 3,
  ratio: 1,
  list: [1, 2, 3],
  set: ["a", "b"],
  ports: [
    { port: 1, name: "x" },
    { port: 2, name: "y" },
  ],
  labels: { app: "web" },
  either: "50%",
  when: "2011-08-18T19:03:37.01+01:00",
  wait: "1h2m3s4ms",
  data: "QUI=",
  namespace: "ns",
  "with-dash": "d",
};

const withNull = { ...object, labels: { none: null } };

function evaluate(source: string, bindings: object = {}): EvaluationResult {
  const { program, message } = compile(source, environment);
  assert.ok(program, message ?? source);
  return program.evaluate({ self: Object.freeze(object), any: object, ...bindings });
}

function errorOf(source: string): string {
  const { errors } = compile(source, environment);
  return errors?.map(({ line, column, message }) => `${line}:${column}: ${message}`).join("\n") ?? "no error";
}

/** Expressions that are true, with what they cost in kube-apiserver where that is given. */
const truths: readonly (readonly [source: string, cost?: number])[] = [
  ["self.count == 3", 3],
  ["self.name.startsWith('Rook')", 3],
  ["self.name.matches('^[^0-9]*$')"],
  ["size(self.name) == 6", 4],
  ["self.name.charAt(5) == '👑' && self.name.indexOf('👑') == 5"],
  ["type(self.count) == int", 4],
  ["type(self.ratio) == double"],
  ["1 in self.list", 5],
  ["self.list[0] in self.list", 8],
  ["has(self.count)", 1],
  ["!has(self.metadata.generateName)"],
  ["self.list + [4, 5] == [1, 2, 3, 4, 5]", 4],
  ["self.set == ['b', 'a']"],
  ["self.set + ['b', 'c'] == ['a', 'b', 'c']"],
  ["self.list.all(x, x > 0) && self.list.exists(x, x == 2) && self.list.exists_one(x, x == 3)"],
  ["self.list.map(x, x * 2) == [2, 4, 6]"],
  ["self.list.map(x, x > 1, x * 2) == [4, 6]"],
  ["self.list.filter(x, x > 1) == [2, 3]"],
  ["self.labels.all(k, self.labels[k] == 'web')"],
  ["self.list.all(i, v, v == i + 1)"],
  ["self.list.transformList(i, v, i > 0, v) == [2, 3]"],
  ["self.list.transformMap(i, v, v * 2) == {0: 2, 1: 4, 2: 6}"],
  ["{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}"],
  ["self.labels.?app.orValue('none') == 'web' && self.labels[?'x'].orValue('none') == 'none'"],
  ["optional.of(1).optMap(v, v + 1).value() == 2 && !optional.none().hasValue()"],
  ["type(self.either) == string && self.either == '50%'"],
  ["self.when.getDate() == 18 && self.when.getHours() == 18 && self.when.getHours('01:00') == 19"],
  ["self.when.getHours('America/New_York') == 14"],
  ["string(self.when) == '2011-08-18T19:03:37.01+01:00'"],
  ["self.wait == duration('1h2m') + duration('3s4ms')", 4],
  ["self.data == b'AB'", 3],
  ["self.__namespace__ == 'ns' && self.with__dash__dash == 'd'"],
  ["self.metadata.name == 'a' && self.apiVersion == 'v1'"],
  ["any.count == 3 && any['with-dash'] == 'd' && any.count < 3.5"],
  ["(1 / 0 > 1) || true"],
  ["!(false && 1 / 0 > 1)"],
  ["[1, 2].exists(x, x == 2 || 1 / 0 > 0)"],
  ["'%d of %s'.format([1, ['a', 1.5, true]]) == '1 of [\"a\", 1.500000, true]'"],
  ["'a-b-c'.split('-', 2).join('+') == 'a+b-c' && 'abc'.substring(1, 2) == 'b'"],
  ["'aab'.replace('a', 'x', 1) == 'xab' && 'ab'.replace('', '.') == '.a.b.'"],
  ["[3, 1, 2].sort() == [1, 2, 3] && [1, 2].sum() == 3 && [1, 2].max() == 2 && [1, 2].isSorted()"],
  ["['b', 'a'].sortBy(x, x) == ['a', 'b'] && lists.range(3) == [0, 1, 2] && [[1], [2]].flatten() == [1, 2]"],
  ["sets.contains([1, 2], [2]) && sets.intersects([1], [1, 2]) && sets.equivalent([1, 1], [1])"],
  ["'a1b22'.findAll('[0-9]+') == ['1', '22'] && 'x1'.find('[0-9]') == '1'"],
  ["url('https://a.b:80/p/q?x=1&x=2').getQuery() == {'x': ['1', '2']} && isURL('/x') && !isURL('x')"],
  ["url('https://[::1]:80/p').getHostname() == '::1' && url('https://a.b:80/').getPort() == '80'"],
  ["quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('1.5').add(1).compareTo(quantity('2500m')) == 0"],
  ["isQuantity('1.3Gi') && !isQuantity('1.3x') && quantity('50k').asInteger() == 50000"],
  ["ip('127.0.0.1').isLoopback() && ip('::1').family() == 6 && !isIP('1.2.3.256') && !ip.isCanonical('0:0::1')"],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')"],
  ["cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && string(cidr('10.1.2.3/8').ip()) == '10.1.2.3'"],
  ["!format.dns1123Label().validate('a-b').hasValue() && format.named('uuid').value().validate('x').hasValue()"],
  ["semver('1.2.3').isLessThan(semver('1.10.0')) && semver('v1', true).major() == 1 && !isSemver('1.2')"],
  ["'Aé'.lowerAscii() == 'aé' && strings.quote('a\"') == '\"a\\\\\"\"' && ' a '.trim() == 'a'"],
  ["string(1e6) == '1e+06' && string(0.5) == '0.5' && string(10.5) == '10.5' && double('1.5') == 1.5"],
  ["int('-5') == -5 && uint(5) == 5u && 7 / -2 == -3 && 7 % -2 == 1 && bool('true')"],
  ["self.namespace == 'ns' && has(self.namespace) && self.wait.getMilliseconds() == 3723004"],
  ["type(ip('1.2.3.4')) == net.IP && url('mailto:a@b').getScheme() == 'mailto'"],
  ["dyn(1) == dyn(1.0) && dyn(1) == dyn(1u) && dyn(1) != dyn('1')"],
];

test("expressions, and what they cost", () => {
  for (const [source, cost] of truths) {
    const result = evaluate(source);
    assert.deepEqual({ source, value: result.value, error: result.error }, { source, value: true, error: undefined });
    if (cost !== undefined) assert.deepEqual([source, result.cost], [source, cost]);
  }
});

test("what is collected from a long list is one flat list", () => {
  const list = Array.from({ length: 60_000 }, (_, i) => i);
  for (const source of [
    "any.filter(x, x % 2 == 0)",
    "any.map(x, x % 2 == 0, x)",
    "any.transformList(i, x, i % 2 == 0, x)",
  ]) {
    const result = evaluate(`${source}.map(x, x + 1).size() == 30000`, { any: list });
    assert.deepEqual([source, result.error, result.value], [source, undefined, true]);
  }
});

test("what evaluation refuses", () => {
  const failures: readonly (readonly [source: string, message: string])[] = [
    ["9223372036854775807 + self.count > 0", "integer overflow"],
    ["self.count / 0 == 1", "division by zero"],
    ["self.wait + duration('2562047h') == self.wait", "integer overflow"],
    ["[self.wait, duration('2562047h')].sum() == self.wait", "integer overflow"],
    ["[dyn(1u), dyn(1)].sum() == 2u", "no such overload"],
    ["uint(-self.count) == 1u", "unsigned integer overflow"],
    ["self.labels.nope == ''", "no such key: nope"],
    ["self.list[3] == 1", "index out of bounds: 3"],
    ["any.count + 'a' == 'b'", "no such overload"],
    ["any + 'a' == 'b'", "no such overload: _+_"],
    ["any.count.startsWith('a')", "no such overload: startsWith(int, string)"],
    ["self.list[0] == 1 && self.labels.none == ''", "invalid data, got null for schema with nullable=false"],
    ["oldSelf.count == 1", "no such attribute(s): oldSelf"],
    ["optional.none().value() == 1", "optional.none() dereference"],
    ["self.name.substring(99) == ''", "index out of range: 99"],
    ["any.name.matches(any.name + '(')", "error parsing regexp: missing closing ): `Rook 👑(`"],
    ["[].max() == 1", "max called on empty list"],
  ];
  for (const [source, message] of failures)
    assert.deepEqual(
      [source, evaluate(source, source.includes("none ==") ? { self: withNull } : {}).error?.message],
      [source, message],
    );
});

test("what compilation refuses, and where", () => {
  const overload = "found no matching overload for";
  const failures: readonly (readonly [source: string, message: string])[] = [
    ["self.x", "1:5: undefined field 'x'"],
    ["foo", "1:1: undeclared reference to 'foo' (in container '')"],
    ["self.list + 1", `1:11: ${overload} '_+_' applied to '(list(int), int)'`],
    ["'a' == 1", `1:5: ${overload} '_==_' applied to '(string, int)'`],
    ["self.name.startsWith(1)", `1:21: ${overload} 'startsWith' applied to 'string.(int)'`],
    ["self.list.map(x, x.y)", "1:19: type 'int' does not support field selection"],
    ["[1, 'a']", "1:5: expected type 'int' but found 'string'"],
    ["duration('x')", "1:10: invalid duration argument"],
    ["self.name.matches('(')", "1:19: invalid matches argument"],
    ["has(self)", "1:5: invalid argument to has() macro"],
    ["self.list.all(1, true)", "1:15: argument is not an identifier"],
    ["self.unknown", "1:5: undefined field 'unknown'"],
    ["1 && true", "1:1: expected type 'bool' but found 'int'"],
    ["self.\n y", "1:5: undefined field 'y'"],
    [
      "self.count.all(x, true)",
      "1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
    ["self.list.filter(x, x)", "1:17: found no matching overload for '_?_:_' applied to '(int, list(int), list(int))'"],
    ["for", "1:1: reserved identifier: for"],
    ["self.name == null", `1:11: ${overload} '_==_' applied to '(string, null)'`],
    ["timestamp(-62135596801)", "1:11: invalid timestamp argument"],
    ["self.name.find(')')", "1:1: program instantiation failed: error parsing regexp: unexpected ): `)`"],
    [
      "a | b",
      "1:3: Syntax error: token recognition error at: '| '\n1:5: Syntax error: extraneous input 'b' expecting <EOF>",
    ],
    ["1 + 2\n3 +", "2:1: Syntax error: mismatched input '3' expecting <EOF>"],
    [
      "'%d'.format(['a'])",
      "1:14: error during formatting: decimal clause can only be used on integers, was given string",
    ],
    [`${"(".repeat(300)}1${")".repeat(300)}`, "-1:0: expression recursion limit exceeded: 250"],
    [`1${"+1".repeat(300)}`, "-1:0: expression recursion limit exceeded: 250"],
  ];
  for (const [source, message] of failures) assert.deepEqual([source, errorOf(source)], [source, message]);
});

test("what an unknown escape leaves unread is told as cel-go's lexer tells it", () => {
  const unread = (at: string, text: string) => `${at}: Syntax error: token recognition error at: '${text}'`;
  const table: readonly (readonly [source: string, ...errors: string[]])[] = [
    ["'\\q'", unread("1:1", "'\\q"), unread("1:4", "'"), "1:5: Syntax error: mismatched input '<EOF>'"],
    ["b'\\q'", unread("1:2", "'\\q"), unread("1:5", "'")],
    ["'\\u12g4'", unread("1:1", "'\\u12g"), unread("1:8", "'")],
    ['self.name == "x\\.y" && true', unread("1:14", '"x\\.'), unread("1:19", '" && true')],
    ["'a\nb", unread("1:1", "'a\\n")],
    ["'''a", unread("1:3", "'a")],
  ];
  for (const [source, ...errors] of table) {
    const told = errorOf(source).split("\n");
    assert.deepEqual(
      told.slice(0, errors.length).map((line, i) => line.slice(0, errors[i]!.length)),
      errors,
    );
  }
  assert.equal(errorOf("r'\\q' == '\\\\q' && '''\\x41\\'''' == 'A\\''"), "no error");
});

test("an error is printed with its line", () => {
  const { message } = compile("self.name == 'a' &&\n self.nope", environment);
  assert.equal(message, "ERROR: <input>:2:6: undefined field 'nope'\n |  self.nope\n | .....^");
});

test("evaluation stops at its limit, and no operator hides that", () => {
  const { program } = compile("any.all(x, any.all(y, any.all(z, x + y + z >= 0))) || true", environment);
  const result = program!.evaluate({ any: Array.from({ length: 200 }, (_, i) => i) });
  assert.deepEqual(result.error, { message: "operation cancelled: actual cost limit exceeded", kind: "cost" });
  assert.equal(program!.evaluate({ any: [1] }, { costLimit: 5 }).error?.kind, "cost");
  assert.deepEqual([...program!.uses], ["any"]);
});

test("an authorizer may have to be waited for, and is asked once", async () => {
  const asked: string[] = [];
  const authorizer = new AuthorizerValue((check) => {
    asked.push(JSON.stringify(check));
    return Promise.resolve({ allowed: check.verb === "get", reason: "because" });
  });
  const source = `authorizer.group('apps').resource('deployments').namespace('a').check('get').allowed() &&
    authorizer.serviceAccount('ns', 'sa').path('/healthz').check('put').reason() == 'because'`;
  const { program } = compile(source, new Environment({ variables: { authorizer: authorizerType } }));
  const result = await program!.evaluateMaybeAsync({ authorizer });
  assert.equal(result.value, true);
  assert.deepEqual(asked, [
    `{"group":"apps","resource":"deployments","namespace":"a","verb":"get"}`,
    `{"path":"/healthz","verb":"put","serviceAccount":{"namespace":"ns","name":"sa"}}`,
  ]);
  assert.equal(program!.evaluate({ authorizer }).cost, 700_000 + 10);
});

test("optional variables and constructed objects", () => {
  const patch = objectType("JSONPatch", { op: stringType, value: dynType });
  const made = new Environment({
    variables: { oldSelf: optionalType(mapType(stringType, stringType)) },
    objectTypes: (name) => (name === "JSONPatch" ? patch : undefined),
  });
  const { program } = compile("[JSONPatch{op: 'add', value: oldSelf.?a.orValue('none')}]", made);
  const { value } = program!.evaluate({ oldSelf: { a: "x" } });
  const [first] = value as unknown as Iterable<ObjectValue>;
  assert.ok(first instanceof ObjectValue);
  assert.deepEqual(Object.fromEntries(first.fields), { op: "add", value: "x" });
  const refused = compile("JSONPatch{op: 1, from: ''}", made);
  assert.deepEqual(
    refused.errors?.map(({ message }) => message),
    ["expected type of field 'op' is 'string' but provided type is 'int'", "undefined field 'from'"],
  );
});
