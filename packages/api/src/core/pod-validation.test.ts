import assert from "node:assert/strict";
import { test } from "node:test";
import { texts } from "./pod-test-objects.ts";
import { validatePodBinding } from "./pod-validation.ts";

test("bindings", () => {
  assert.deepEqual(texts(validatePodBinding({ target: { kind: "Node", name: "n" } })), []);
  assert.deepEqual(texts(validatePodBinding({ target: { kind: "Rack" } })), [
    'target.kind: Unsupported value: "Rack": supported values: "Node", "<empty>"',
    "target.name: Required value",
  ]);
});
