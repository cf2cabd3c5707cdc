import assert from "node:assert/strict";
import { test } from "node:test";
import { clone, type KubeObject, resolveSchema, type Schema } from "@kubets/apimachinery";
import { controllerRevisionDefinition } from "../apps/controller-revision.ts";
import { daemonSetDefinition } from "../apps/daemon-set.ts";
import { deploymentDefinition } from "../apps/deployment.ts";
import { replicaSetDefinition } from "../apps/replica-set.ts";
import { statefulSetDefinition } from "../apps/stateful-set.ts";
import type { ResourceDefinition } from "../definition.ts";
import { schemaSet } from "../schema-set.ts";
import { podDefinition } from "./pod.ts";
import { podTemplateDefinition } from "./pod-template.ts";
import { testContext } from "./pod-test-objects.ts";
import { replicationControllerDefinition } from "./replication-controller.ts";
import { serviceDefinition } from "./service.ts";

const definitions = [
  podDefinition,
  podTemplateDefinition,
  serviceDefinition,
  replicationControllerDefinition,
  deploymentDefinition,
  replicaSetDefinition,
  statefulSetDefinition,
  daemonSetDefinition,
  controllerRevisionDefinition,
] as unknown as readonly ResourceDefinition[];

const maxDepth = 9;

/**
 * Every object and list a schema has, each once as the deepest thing there is: `{spec: {}}`, `{spec: {containers: [{}]}}`, ...
 * What a decoder lets through and no author would write.
 */
function* hollowValues(schema: Schema, depth = 0): Generator<unknown> {
  const target = resolveSchema(schema, schemaSet);
  if (target.type === "array" && target.items !== undefined) {
    yield [];
    for (const item of hollowValues(target.items, depth)) yield [item];
    return;
  }
  if (target.properties === undefined) {
    yield scalarFor(target);
    return;
  }
  yield {};
  if (depth >= maxDepth) return;
  for (const [name, property] of Object.entries(target.properties)) {
    if (name === "apiVersion" || name === "kind" || name === "metadata") continue;
    for (const value of hollowValues(property, depth + 1)) yield { [name]: value };
  }
}

function scalarFor({ type }: Schema): unknown {
  if (type === "integer" || type === "number") return 0;
  if (type === "boolean") return true;
  return type === "object" ? {} : "";
}

function exercise({ strategy, status, columns, selectableFields }: ResourceDefinition, object: KubeObject): void {
  strategy.setDefaults?.(object);
  const before = clone(object);
  strategy.warnings?.(object, undefined);
  strategy.validate?.(object);
  strategy.prepareForUpdate?.(object, before, testContext);
  strategy.validateUpdate?.(object, before);
  status?.prepareForUpdate?.(object, before, testContext);
  status?.validateUpdate?.(clone(before), before);
  for (const column of columns ?? []) column.value(before, testContext);
  for (const select of Object.values(selectableFields)) select(before);
  strategy.prepareForCreate?.(object, testContext);
  strategy.validate?.(object);
}

function failure(definition: ResourceDefinition, object: KubeObject): string | undefined {
  const text = JSON.stringify(object);
  try {
    exercise(definition, object);
    return undefined;
  } catch (error) {
    return `${definition.kind} ${text}: ${error instanceof Error ? error.stack : error}`;
  }
}

test("no object is too hollow to be answered", () => {
  for (const definition of definitions) {
    const values = [...hollowValues(definition.schema)];
    assert.ok(values.length > 1, definition.kind);
    const failures = values
      .map((value) => failure(definition, value as KubeObject))
      .filter((each) => each !== undefined);
    assert.deepEqual(failures, []);
  }
});
