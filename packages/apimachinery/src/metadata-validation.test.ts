import assert from "node:assert/strict";
import { test } from "node:test";
import type { FieldError } from "./field-error.ts";
import { path } from "./field-error.ts";
import { validateLabelSelector } from "./label-validation.ts";
import { validateFieldManager, validateObjectMeta, validateObjectMetaUpdate } from "./metadata-validation.ts";
import type { ObjectMeta } from "./object.ts";

const texts = (errors: FieldError[]) => errors.map((e) => `${e.field}: ${e.message}`);
const create = (meta: ObjectMeta, namespaced = true) => texts(validateObjectMeta(meta, { namespaced }));
const good: ObjectMeta = { name: "web", namespace: "default", uid: "1", resourceVersion: "1" };

test("create", () => {
  assert.deepEqual(create(good), []);
  assert.deepEqual(create({}), [
    "metadata.name: Required value: name or generateName is required",
    "metadata.namespace: Required value",
  ]);
  assert.deepEqual(create(good, false), ["metadata.namespace: Forbidden: not allowed on this type"]);
  assert.match(create({ ...good, name: "Web" })[0]!, /^metadata\.name: Invalid value: "Web": a lowercase RFC 1123 sub/);
  assert.match(create({ ...good, labels: { "a b": "c" } })[0]!, /^metadata\.labels: Invalid value: "a b": name part/);
  assert.match(create({ ...good, labels: { a: "c d" } })[0]!, /^metadata\.labels: Invalid value: "c d": a valid label/);
  assert.deepEqual(create({ ...good, annotations: { a: "x".repeat(256 * 1024) } }), [
    "metadata.annotations: Too long: may not be more than 262144 bytes",
  ]);
  assert.deepEqual(create({ ...good, finalizers: ["orphan", "foregroundDeletion"] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ]);
});

test("owner references", () => {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "a", uid: "1", controller: true };
  assert.deepEqual(create({ ...good, ownerReferences: [owner] }), []);
  assert.match(
    create({ ...good, ownerReferences: [owner, { ...owner, name: "b" }] })[0]!,
    /Only one reference can have Controller set to true\. Found "true" in references for ReplicaSet\/a and ReplicaSet\/b$/,
  );
  assert.deepEqual(create({ ...good, ownerReferences: [{ apiVersion: "a/b/c", kind: "", name: "x", uid: "1" }] }), [
    'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty',
    'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
  ]);
});

test("update", () => {
  const update = (meta: ObjectMeta, old: ObjectMeta) => texts(validateObjectMetaUpdate(meta, old));
  assert.deepEqual(update(good, good), []);
  assert.deepEqual(update({ ...good, name: "x", resourceVersion: "", generation: 1 }, { ...good, generation: 2 }), [
    'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    "metadata.generation: Invalid value: 1: must not be decremented",
    'metadata.name: Invalid value: "x": field is immutable',
  ]);
  const deleted = { ...good, deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.deepEqual(update({ ...deleted, finalizers: ["a/b"] }, deleted), [
    'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}',
  ]);
});

test("field managers and selectors", () => {
  assert.deepEqual(texts(validateFieldManager("a\tb", path("fieldManager"))), [
    'fieldManager: Invalid value: "a\\tb": invalid character U+0009 (at position 1)',
  ]);
  assert.deepEqual(
    texts(validateLabelSelector({ matchExpressions: [{ key: "a", operator: "In" }] }, path("spec.selector"))),
    ["spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  );
});
