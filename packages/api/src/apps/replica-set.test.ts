import assert from "node:assert/strict";
import { test } from "node:test";
import { replicationControllerDefinition } from "../core/replication-controller.ts";
import type { ReplicaSet, ReplicationController } from "../generated/types.ts";
import { replicaSetDefinition } from "./replica-set.ts";
import { rowOf, selector, templateOf, testContext, texts, withDefaults } from "./workload-test-objects.ts";

const setOf = (spec: Partial<NonNullable<ReplicaSet["spec"]>> = {}): ReplicaSet =>
  withDefaults(replicaSetDefinition, { spec: { selector, template: templateOf(), ...spec } });

test("a ReplicaSet", () => {
  const { strategy, status } = replicaSetDefinition;
  const set = setOf();
  assert.equal(set.spec?.replicas, 1);
  assert.deepEqual(texts(strategy.validate?.(set) ?? []), []);
  assert.deepEqual(texts(strategy.validate?.(setOf({ minReadySeconds: -1, selector: {} })) ?? []), [
    "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ]);
  strategy.prepareForCreate?.(set, testContext);
  assert.deepEqual(set.status, { replicas: 0 });
  const tooMany = { replicas: 1, availableReplicas: 1, readyReplicas: 0 };
  assert.deepEqual(texts(status?.validateUpdate?.({ status: tooMany }, set) ?? []), [
    "status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas",
  ]);
  assert.deepEqual(rowOf(replicaSetDefinition, set), {
    Name: "web",
    Desired: 1,
    Current: 0,
    Ready: 0,
    Age: "<unknown>",
    Containers: "app",
    Images: "nginx:1",
    Selector: "app=web",
  });
});

test("a ReplicationController takes selector and labels from its template", () => {
  const { strategy, storagePath } = replicationControllerDefinition;
  const controller = withDefaults<ReplicationController>(replicationControllerDefinition, {
    spec: { template: templateOf() },
  });
  assert.deepEqual(controller.spec?.selector, { app: "web" });
  assert.deepEqual(controller.metadata?.labels, { app: "web" });
  assert.equal(storagePath, "controllers");
  assert.deepEqual(texts(strategy.validate?.(controller) ?? []), []);
  assert.deepEqual(texts(strategy.validate?.({ spec: { replicas: 1 } }) ?? []), [
    "spec.selector: Required value",
    "spec.template: Required value",
  ]);
  if (controller.spec) controller.spec.selector = { app: "other" };
  assert.deepEqual(texts(strategy.validate?.(controller) ?? []), [
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ]);
});
