/** Random CustomResourceDefinitions: schemas that are nearly structural, expressions, patterns, versions, and objects for them. */

import type { SeededRandom } from "../random.ts";
import { anyValue, chance, damaged, patterns, pick } from "./values.ts";

const rules = [
  "self.replicas <= 10",
  "self.all(x, x > 1)",
  "self.list.all(a, self.list.all(b, self.list.all(c, a + b + c > 0)))",
  "self.map.exists(k, self.map[k].matches('(a+)+$'))",
  "self.text.matches('^(([a-z])+.)+[A-Z]([a-z])+$')",
  "self.text.replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa').replace('a', 'aaaaaaaaaa').size() > 1",
  "self == oldSelf",
  "oldSelf.hasValue() || self.x == 1",
  "has(self.list) && self.list.size() < 5",
  "[1,2,3].map(x, [1,2,3].map(y, x * y)).size() == 3",
  "9223372036854775807 + 1 > 0",
  "1 / 0 == 1",
  "quantity(self.text).isGreaterThan(quantity('1Gi'))",
  "url(self.text).getHost() == 'a'",
  "self.undefined == 1",
  "((((((((((",
  "self.",
  "'unterminated",
  "true ? 1 : 2",
  "timestamp('9999-12-31T23:59:59Z') + duration('999999h') > timestamp('2000-01-01T00:00:00Z')",
  "'%s %d'.format([self.text, 1]) != ''",
  "self.text.find('a') == 'a' || self.text.split('').size() > 2",
];

function propertySchema(random: SeededRandom, depth: number): unknown {
  if (chance(random, 0.03)) return anyValue(random);
  const schema: Record<string, unknown> = {};
  const type = pick(random, ["object", "array", "string", "integer", "number", "boolean"]);
  schema["type"] = type;
  if (type === "object" && depth > 0) {
    if (chance(random, 0.6)) {
      schema["properties"] = Object.fromEntries(
        ["replicas", "text", "list", "map", "__proto__", "x"]
          .filter(() => chance(random, 0.5))
          .map((name) => [name, propertySchema(random, depth - 1)]),
      );
    } else schema["additionalProperties"] = chance(random, 0.8) ? propertySchema(random, depth - 1) : true;
    if (chance(random, 0.1)) schema["x-kubernetes-preserve-unknown-fields"] = true;
    if (chance(random, 0.1)) schema["x-kubernetes-embedded-resource"] = true;
    if (chance(random, 0.1)) schema["required"] = ["text"];
    if (chance(random, 0.1)) schema["maxProperties"] = 5;
  }
  if (type === "array") {
    schema["items"] = depth > 0 ? propertySchema(random, depth - 1) : { type: "string" };
    if (chance(random, 0.4)) schema["maxItems"] = random.below(10);
    if (chance(random, 0.3)) schema["x-kubernetes-list-type"] = pick(random, ["atomic", "set", "map"]);
    if (chance(random, 0.1)) schema["x-kubernetes-list-map-keys"] = ["text"];
  }
  if (type === "string") {
    if (chance(random, 0.3)) schema["pattern"] = pick(random, patterns);
    if (chance(random, 0.3)) schema["maxLength"] = random.below(100);
    if (chance(random, 0.2)) schema["format"] = pick(random, ["date-time", "uuid", "ipv4", "nonsense", "byte"]);
    if (chance(random, 0.1)) schema["enum"] = ["a", "b"];
  }
  if (type === "integer" && chance(random, 0.3)) schema["minimum"] = random.below(5);
  if (chance(random, 0.1)) schema["default"] = anyValue(random, 1);
  if (chance(random, 0.1)) schema["nullable"] = true;
  if (chance(random, 0.05)) schema["x-kubernetes-int-or-string"] = true;
  if (chance(random, 0.05)) schema["anyOf"] = [{ pattern: pick(random, patterns) }, { minimum: 1 }];
  if (chance(random, 0.05)) schema["not"] = { required: ["x"] };
  if (chance(random, 0.2)) {
    schema["x-kubernetes-validations"] = [
      {
        rule: pick(random, rules),
        ...(chance(random, 0.2) ? { message: "no" } : {}),
        ...(chance(random, 0.2) ? { messageExpression: pick(random, rules) } : {}),
        ...(chance(random, 0.1) ? { fieldPath: ".text" } : {}),
        ...(chance(random, 0.1) ? { optionalOldSelf: true } : {}),
      },
    ];
  }
  return schema;
}

export interface CustomKind {
  readonly plural: string;
  readonly group: string;
  readonly kind: string;
}

export function customKind(index: number): CustomKind {
  return { plural: `things${index}`, group: "fuzz.example.com", kind: `Thing${index}` };
}

export function customDefinition(random: SeededRandom, { plural, group, kind }: CustomKind): unknown {
  const version = (name: string, storage: boolean) => ({
    name,
    served: chance(random, 0.95),
    storage,
    schema: {
      openAPIV3Schema: { type: "object", properties: { spec: propertySchema(random, 3), status: { type: "object" } } },
    },
    ...(chance(random, 0.5)
      ? { subresources: { status: {}, ...(chance(random, 0.3) ? { scale: scale() } : {}) } }
      : {}),
    ...(chance(random, 0.5) ? { additionalPrinterColumns: [column(random)] } : {}),
    ...(chance(random, 0.2)
      ? { selectableFields: [{ jsonPath: pick(random, [".spec.text", ".spec", "spec.x", "["]) }] }
      : {}),
  });
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: pick(random, ["Namespaced", "Namespaced", "Cluster", "None"]),
      names: { plural, singular: plural.slice(0, -1), kind, shortNames: [plural.slice(0, 3)] },
      versions: [version("v1", true), ...(chance(random, 0.3) ? [version("v1beta1", chance(random, 0.05))] : [])],
    },
  };
  return chance(random, 0.2) ? damaged(random, definition) : definition;
}

function scale() {
  return { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas", labelSelectorPath: ".status.x" };
}

function column(random: SeededRandom) {
  const jsonPath = pick(random, [".spec.text", ".spec.list[*].x", ".spec.map['a']", "..x", ".[?(@.a==1)]", "{.spec"]);
  return { name: "Text", type: pick(random, ["string", "integer", "date", "number", "boolean", "other"]), jsonPath };
}

export function customObject(random: SeededRandom, { group, kind }: CustomKind, name: string): unknown {
  const values = {
    replicas: random.below(20),
    text: pick(random, ["a".repeat(30), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "1Gi", ""]),
    list: Array.from({ length: random.below(30) }, (_, i) => (chance(random, 0.5) ? i : { text: String(i) })),
    map: { a: "b", ...(chance(random, 0.3) ? { c: { d: 1 } } : {}) },
  };
  const object = { apiVersion: `${group}/v1`, kind, metadata: { name }, spec: values };
  return chance(random, 0.4) ? damaged(random, object) : object;
}
