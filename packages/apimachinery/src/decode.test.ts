import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeObject } from "./decode.ts";
import { deepFreeze, type Json } from "./object.ts";
import type { Schema, SchemaSet } from "./schema.ts";

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const text: Schema = { type: "string" };
const definitions: Record<string, Schema> = {
  "io.k8s.api.apps.v1.Deployment": {
    type: "object",
    properties: { kind: text, spec: ref("io.k8s.api.apps.v1.DeploymentSpec"), metadata: ref("x.meta.v1.ObjectMeta") },
  },
  "x.meta.v1.ObjectMeta": {
    type: "object",
    properties: {
      labels: { type: "object", additionalProperties: text },
      creationTimestamp: ref("x.v1.Time"),
      fields: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  },
  "x.v1.Time": { type: "string", format: "date-time" },
  "x.v1.MicroTime": { type: "string", format: "date-time" },
  "io.k8s.api.apps.v1.DeploymentSpec": {
    type: "object",
    properties: {
      replicas: { type: "integer", format: "int32" },
      paused: { type: "boolean" },
      big: { type: "integer", format: "int64" },
      ratio: { type: "number" },
      data: { type: "object", additionalProperties: { type: "string", format: "byte" } },
      at: ref("x.v1.MicroTime"),
      port: { format: "int-or-string", "x-kubernetes-int-or-string": true },
      limits: { type: "object", additionalProperties: { format: "quantity", "x-kubernetes-int-or-string": true } },
      containers: { type: "array", items: ref("io.k8s.api.core.v1.Container") },
      maybe: { type: "string", nullable: true },
    },
  },
  "io.k8s.api.core.v1.Container": { type: "object", properties: { image: text, args: { type: "array", items: text } } },
};
const set: SchemaSet = { get: (name) => definitions[name], names: () => Object.keys(definitions) };
const decode = (value: Json, pruneOnly = false) =>
  decodeObject(deepFreeze(value), ref("io.k8s.api.apps.v1.Deployment"), set, { pruneOnly });

test("what is right is shared", () => {
  const value = deepFreeze({
    kind: "x",
    spec: { replicas: 1, containers: [{ image: "a", args: ["b"] }] },
    metadata: { fields: { any: [null] } },
  });
  assert.equal(decode(value).value, value);
});

test("unknown fields are dropped and named", () => {
  const { value, unknownFields } = decode({
    x: 1,
    spec: { foo: 1, replicas: 2, containers: [{ image: "a" }, { bar: {} }] },
  });
  assert.deepEqual(value, { spec: { replicas: 2, containers: [{ image: "a" }, {}] } });
  assert.deepEqual(unknownFields, [
    'unknown field "x"',
    'unknown field "spec.foo"',
    'unknown field "spec.containers[1].bar"',
  ]);
});

test("null removes; in lists and maps it is Go's zero", () => {
  const body = {
    spec: { replicas: null, maybe: null, containers: [null, { args: [null] }] },
    metadata: { labels: { a: null }, creationTimestamp: null },
  };
  assert.deepEqual(decode(body).value, {
    spec: { maybe: null, containers: [{}, { args: [""] }] },
    metadata: { labels: { a: "" } },
  });
  assert.equal(decode(deepFreeze(body), true).value, body);
});

test("canonical forms", () => {
  const { value } = decode({
    spec: { limits: { cpu: 2, memory: "1024Mi" }, at: "2026-01-02T03:04:05.1Z", data: { a: "YQ==\n" } },
    metadata: { creationTimestamp: "2026-01-02T05:04:05.9+02:00" },
  });
  assert.deepEqual(value, {
    spec: { limits: { cpu: "2", memory: "1Gi" }, at: "2026-01-02T03:04:05.100000Z", data: { a: "YQ==" } },
    metadata: { creationTimestamp: "2026-01-02T03:04:05Z" },
  });
});

test("type errors are worded as Go's decoder words them", () => {
  const table: [Json, string][] = [
    [
      { spec: { replicas: "1" } },
      "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      { spec: { replicas: 1.5 } },
      "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      { spec: { replicas: 2 ** 31 } },
      "json: cannot unmarshal number 2147483648 into Go struct field DeploymentSpec.spec.replicas of type int32",
    ],
    [
      { spec: { containers: [{ image: 1 }] } },
      "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
    ],
    [
      { spec: { containers: {} } },
      "json: cannot unmarshal object into Go struct field DeploymentSpec.spec.containers of type []v1.Container",
    ],
    [{ spec: [] }, "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"],
    [
      { metadata: { labels: { a: true } } },
      "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [[], "json: cannot unmarshal array into Go value of type v1.Deployment"],
    [
      { spec: { limits: { cpu: "x" } } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [{ spec: { data: { a: "a!cd" } } }, "illegal base64 data at input byte 1"],
    [{ spec: { data: { a: "abc" } } }, "illegal base64 data at input byte 3"],
    [
      { metadata: { creationTimestamp: "today" } },
      'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse "today" as "2006"',
    ],
  ];
  for (const [body, message] of table) assert.throws(() => decode(body), { name: "DecodeError", message });
  assert.deepEqual(decode({ spec: { replicas: "1", gone: 1 } }, true).value, { spec: { replicas: "1" } });
});
