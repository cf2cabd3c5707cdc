import assert from "node:assert/strict";
import { test } from "node:test";
import {
  causesOf,
  crdsPath,
  customServer,
  define,
  specOf,
  version,
  widget,
  widgets,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { requestOf, send } from "../testing/server.ts";

const untyped = { "x-kubernetes-preserve-unknown-fields": true };

test("what Go would not write of a schema is not kept", async (t) => {
  const server = await customServer(t);
  const empty = { type: "string", enum: [], default: null, required: [], anyOf: [] };
  const { status, json } = await define(server, widgets(specOf({ a: empty, o: { type: "object", properties: {} } })));
  assert.equal(status, 201);
  const { properties } = json.spec.versions[0].schema.openAPIV3Schema.properties.spec;
  assert.deepEqual(properties, { a: { type: "string" }, o: { type: "object" } });
});

test("a dependency that is nothing is refused as any other", async (t) => {
  const server = await customServer(t);
  const causes = causesOf(await send(server, "POST", crdsPath, widgets({ dependencies: { a: null, b: 1 } })));
  assert.deepEqual(causes, ["spec.validation.openAPIV3Schema.dependencies: Forbidden: dependencies is not supported"]);
});

test("a deletion that waits for the objects leaves generation and grace period alone", async (t) => {
  const server = await customServer(t);
  await define(server, widgets());
  await send(server, "POST", widgetsPath, widget("w"));
  const { json } = await send(server, "DELETE", `${crdsPath}/widgets.example.com`);
  const { generation, deletionTimestamp, deletionGracePeriodSeconds } = json.metadata;
  assert.deepEqual([generation, typeof deletionTimestamp, deletionGracePeriodSeconds], [1, "string", undefined]);
});

test("a rule may ask an int-or-string for its type; a value without a type has no rules", async (t) => {
  const server = await customServer(t);
  const either = {
    "x-kubernetes-int-or-string": true,
    "x-kubernetes-validations": [{ rule: "type(self) == int ? self == 1 : self == 'a'" }],
  };
  assert.equal((await send(server, "POST", `${crdsPath}?dryRun=All`, widgets(specOf({ f: either })))).status, 201);
  const ruled = { ...untyped, "x-kubernetes-validations": [{ rule: "self == 1" }, { rule: "self == 2" }] };
  assert.deepEqual(causesOf(await send(server, "POST", crdsPath, widgets(specOf({ f: ruled })))), [
    "spec.validation.openAPIV3Schema.properties[spec].properties[f].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations",
  ]);
});

test("the first version's name is that of the definition as well", async (t) => {
  const server = await customServer(t);
  const versions = [version("V_1", {}, { storage: true })];
  const causes = causesOf(await send(server, "POST", crdsPath, widgets({}, {}, { versions })));
  assert.deepEqual(
    causes.map((cause) => cause.split(":")[0]),
    ["spec.versions[0].name", "spec.version"],
  );
});

test("discovery gives a custom resource's status before its scale; nosniff where there is no page", async (t) => {
  const server = await customServer(t);
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  await define(server, widgets({}, { subresources: { status: {}, scale } }));
  const { json } = await send(server, "GET", "/apis/example.com/v1");
  const names = json.resources.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ["widgets", "widgets/status", "widgets/scale"]);
  const missing = await server.handle(requestOf("GET", "/apis/example.com/v2"));
  assert.deepEqual([missing.status, missing.headers["x-content-type-options"]], [404, "nosniff"]);
});

test("a list of custom resources says that it is whole; a scale is refused by the rules of what is scaled", async (t) => {
  const server = await customServer(t);
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  await define(server, widgets(specOf({ replicas: { type: "integer" } }), { subresources: { scale } }));
  const { json } = await send(server, "GET", widgetsPath);
  assert.equal(json.metadata.continue, "");
  await send(server, "POST", widgetsPath, widget("w", { spec: { replicas: 1 } }));
  const refused = await send(server, "PUT", `${widgetsPath}/w/scale`, {
    metadata: { name: "w" },
    spec: { replicas: -4 },
  });
  assert.equal(
    refused.json.message,
    'Widget.example.com "w" is invalid: .spec.replicas: Invalid value: -4: should be a non-negative integer',
  );
});
