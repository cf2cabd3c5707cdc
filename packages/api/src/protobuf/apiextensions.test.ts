import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf } from "./decode.ts";
import { encodeProtobuf, hasProtobufForm } from "./encode.ts";

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com", generation: 2 },
  spec: {
    group: "example.com",
    names: { plural: "widgets", singular: "widget", shortNames: ["w"], kind: "Widget", listKind: "WidgetList" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                default: { a: [1, null, "x"] },
                required: ["a"],
                properties: {
                  a: {
                    type: "array",
                    items: { type: "integer", minimum: 0, multipleOf: 0.5 },
                    "x-kubernetes-list-type": "set",
                  },
                  b: { type: "object", additionalProperties: { type: "string", maxLength: 3, enum: ["a", "b"] } },
                  c: { type: "object", additionalProperties: true, "x-kubernetes-preserve-unknown-fields": true },
                  d: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
                  e: { type: "boolean", default: false, nullable: true },
                },
                "x-kubernetes-validations": [{ rule: "has(self.a)", message: "m", optionalOldSelf: true }],
              },
            },
          },
        },
        subresources: { status: {}, scale: { specReplicasPath: ".spec.a", statusReplicasPath: ".status.a" } },
        additionalPrinterColumns: [{ name: "A", type: "date", priority: 1, jsonPath: ".a" }],
        selectableFields: [{ jsonPath: ".spec.a" }],
      },
    ],
    conversion: {
      strategy: "Webhook",
      webhook: {
        clientConfig: { service: { namespace: "n", name: "s", path: "/p", port: 443 }, caBundle: "YQ==" },
        conversionReviewVersions: ["v1"],
      },
    },
  },
  status: { acceptedNames: { plural: "", kind: "" }, storedVersions: ["v1"], conditions: [] },
};

test("a CustomResourceDefinition there and back", () => {
  assert.ok(hasProtobufForm("apiextensions.k8s.io/v1", "CustomResourceDefinition"));
  const { status: _, ...back } = decodeProtobuf(encodeProtobuf(definition));
  const { status: __, ...given } = definition;
  assert.deepEqual(back, given);
});

test("an APIService there and back", () => {
  const service = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1.example.com" },
    spec: {
      service: { namespace: "n", name: "s", port: 443 },
      group: "example.com",
      version: "v1",
      caBundle: "YQ==",
      groupPriorityMinimum: 100,
      versionPriority: 15,
    },
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(service)), service);
});

test("a custom resource has none, whatever its group begins with", () => {
  assert.ok(hasProtobufForm("batch/v1", "Job"));
  assert.ok(hasProtobufForm("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"));
  assert.ok(!hasProtobufForm("batch.example.com/v1", "Job"));
});
