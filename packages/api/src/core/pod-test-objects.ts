/** Objects for the tests of this folder. */

import assert from "node:assert/strict";
import type { FieldError } from "@kubets/apimachinery";
import type { StrategyContext } from "../definition.ts";
import type { Container, Pod, PodSpec } from "../generated/types.ts";
import { setPodDefaults } from "./pod-spec-defaults.ts";
import { validatePodCreate } from "./pod-validation.ts";

export type Refusal = string;

/** `field: message`, as a client reads them. */
export function texts(errors: readonly FieldError[]): Refusal[] {
  return errors.map((error) => `${error.field}: ${error.message}`);
}

export const testContext: StrategyContext = {
  now: Date.parse("2026-01-02T03:04:05Z"),
  uuid: () => "00000000-0000-4000-8000-000000000000",
  random: () => 0,
};

/** A Pod of one container, with its defaults, and `spec` over it. */
export function podOf(spec: Partial<PodSpec> = {}, metadata: Pod["metadata"] = {}): Pod {
  const pod: Pod = {
    metadata: { name: "web", namespace: "default", ...metadata },
    spec: { containers: [{ name: "app", image: "nginx:1" }], ...spec },
  };
  setPodDefaults(pod);
  return pod;
}

/** A Pod whose one container has these fields too. */
export function podWithContainer(container: Partial<Container>, spec: Partial<PodSpec> = {}): Pod {
  return podOf({ ...spec, containers: [{ name: "app", image: "nginx:1", ...container }] });
}

/** A rule, a Pod it accepts, one it refuses, and what it says to that one. */
export type RuleCase = readonly [rule: string, accepted: Pod, refused: Pod, because: Refusal[]];

export function acceptsAndRefuses(cases: readonly RuleCase[]): void {
  for (const [rule, accepted, refused, because] of cases) {
    assert.deepEqual(texts(validatePodCreate(accepted)), [], `${rule}: accepted`);
    assert.deepEqual(texts(validatePodCreate(refused)), because, `${rule}: refused`);
  }
}
