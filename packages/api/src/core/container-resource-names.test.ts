import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isExtendedResource,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
} from "./container-resource-names.ts";

test("what a resource's name says", () => {
  const rules = {
    native: isNativeResource,
    extended: isExtendedResource,
    whole: isIntegerResource,
    overcommit: isOvercommitAllowed,
    standard: isStandardContainerResource,
    podLevel: isPodLevelResource,
  };
  const cases: [string, (keyof typeof rules)[]][] = [
    ["cpu", ["native", "overcommit", "standard", "podLevel"]],
    ["ephemeral-storage", ["native", "overcommit", "standard"]],
    ["hugepages-2Mi", ["native", "standard", "podLevel"]],
    ["example.com/gpu", ["extended", "whole"]],
    ["kubernetes.io/batch", ["native", "overcommit"]],
    ["pods", ["native", "whole", "overcommit"]],
  ];
  for (const [name, expected] of cases) {
    const holds = Object.entries(rules).filter(([, rule]) => rule(name));
    assert.deepEqual(
      holds.map(([rule]) => rule),
      expected,
      name,
    );
  }
});
