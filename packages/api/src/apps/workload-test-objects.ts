/** Objects for the tests of this folder. */

import type { KubeObject } from "@kubets/apimachinery";
import { testContext } from "../core/pod-test-objects.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { PodTemplateSpec } from "../generated/types.ts";

/** A template of one container, labelled `app: web`. */
export function templateOf(spec: Partial<NonNullable<PodTemplateSpec["spec"]>> = {}): PodTemplateSpec {
  return {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "app", image: "nginx:1" }], ...spec },
  };
}

export const selector = { matchLabels: { app: "web" } };

/** An object of the kind, named `web`, with its defaults. */
export function withDefaults<T extends KubeObject>(definition: ResourceDefinition<T>, object: T): T {
  object.metadata ??= { name: "web" };
  definition.strategy.setDefaults?.(object);
  return object;
}

export function rowOf<T extends KubeObject>(definition: ResourceDefinition<T>, object: T): Record<string, unknown> {
  const { now } = testContext;
  return Object.fromEntries((definition.columns ?? []).map((each) => [each.name, each.value(object, { now })]));
}

export { testContext, texts } from "../core/pod-test-objects.ts";
