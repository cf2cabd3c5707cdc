import assert from "node:assert/strict";
import { test } from "node:test";
import type { ControllerRevision } from "../generated/types.ts";
import { controllerRevisionDefinition } from "./controller-revision.ts";
import { rowOf, texts } from "./workload-test-objects.ts";

const { strategy } = controllerRevisionDefinition;
const data = { spec: {} };

test("a revision has data, and keeps it", () => {
  assert.deepEqual(texts(strategy.validate?.({ revision: 1, data }) ?? []), []);
  assert.deepEqual(texts(strategy.validate?.({ revision: -1 }) ?? []), [
    "revision: Invalid value: -1: must be greater than or equal to 0",
    "data: Required value: data is mandatory",
  ]);
  assert.deepEqual(
    texts(strategy.validateUpdate?.({ revision: 2, data: { spec: { a: 1 } } }, { revision: 1, data }) ?? []),
    ['data: Invalid value: {"spec":{"a":1}}: field is immutable'],
  );
});

test("columns", () => {
  const revision: ControllerRevision = {
    metadata: {
      name: "web-1",
      ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "1", controller: true }],
    },
    revision: 1,
    data,
  };
  assert.deepEqual(rowOf(controllerRevisionDefinition, revision), {
    Name: "web-1",
    Controller: "statefulset.apps/web",
    Revision: 1,
    Age: "<unknown>",
  });
});
