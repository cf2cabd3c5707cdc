import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition } from "./catalogue.ts";
import { setSchemaDefaults } from "./schema-defaults.ts";
import { schemaSet } from "./schema-set.ts";

const fill = (group: string, plural: string, object: object) => {
  setSchemaDefaults(object, findDefinition(group, "v1", plural)!.schema, schemaSet);
  return object;
};

test("what Go always writes is there, all the way down", () => {
  const container = { name: "a", ports: [{ containerPort: 80 }] };
  assert.deepEqual(
    fill("apps", "replicasets", { metadata: { name: "x" }, spec: { template: { spec: { containers: [container] } } } }),
    {
      metadata: { name: "x" },
      spec: {
        template: {
          metadata: {},
          spec: { containers: [{ name: "a", ports: [{ containerPort: 80, protocol: "TCP" }], resources: {} }] },
        },
      },
      status: { replicas: 0 },
    },
  );
});

test("what is there stays", () => {
  const quota = { metadata: { name: "x" }, spec: { hard: { cpu: "1" } }, status: { used: { cpu: "0" } } };
  assert.deepEqual(fill("", "resourcequotas", structuredClone(quota)), quota);
});

test("a recursive schema ends", () => {
  const properties = { a: { type: "object", properties: { b: { type: "string" } } } };
  const schema = { openAPIV3Schema: { properties } };
  const crd = { spec: { versions: [{ name: "v1", schema }] } };
  const filled = JSON.stringify(fill("apiextensions.k8s.io", "customresourcedefinitions", crd));
  assert.match(
    filled,
    /"openAPIV3Schema":\{"properties":\{"a":\{"type":"object","properties":\{"b":\{"type":"string"\}\}\}\}\}/,
  );
});

test("a custom schema's defaults are set within what is there or was just set", () => {
  const schema = {
    type: "object",
    properties: {
      a: { type: "object", default: {}, properties: { b: { type: "integer", default: 3 } } },
      c: { type: "object", properties: { d: { type: "integer", default: 4 } } },
      n: { type: "string", nullable: true, default: "x" },
      m: {
        type: "object",
        additionalProperties: { type: "object", properties: { e: { type: "integer", default: 5 } } },
      },
    },
  } as const;
  const object = { n: null, m: { one: {} } };
  setSchemaDefaults(object, schema, schemaSet);
  assert.deepEqual(object, { a: { b: 3 }, n: null, m: { one: { e: 5 } } });
});
