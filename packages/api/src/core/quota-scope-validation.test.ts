import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceQuotaSpec } from "../generated/types.ts";
import { validateQuota } from "./limits-validation.ts";

test("a quota's scopes fit each other, its resources and their operators", () => {
  const selector = (scopeName: string, operator: string, values?: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }] },
  });
  const at = "spec.scopeSelector.matchExpressions";
  const table: [ResourceQuotaSpec, string[]][] = [
    [{ hard: { pods: "1" }, scopes: ["BestEffort"] }, []],
    [{ hard: { cpu: "1" }, scopes: ["BestEffort"] }, ["spec.scopes: unsupported scope applied to resource"]],
    [{ hard: { "count/pods": "1" }, scopes: ["BestEffort"] }, []],
    [{ scopes: ["Nope"] }, ["spec.scopes: unsupported scope"]],
    [{ scopes: ["Terminating", "NotTerminating"] }, ["spec.scopes: conflicting scopes"]],
    [{ hard: { pods: "1" }, ...selector("PriorityClass", "In", ["high"]) }, []],
    [
      { hard: { services: "1" }, ...selector("PriorityClass", "Exists") },
      [`${at}: unsupported scope applied to resource`],
    ],
    [selector("VolumeAttributesClass", "In", ["gold"]), []],
    [
      selector("PriorityClass", "In"),
      [`${at}.values: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`],
    ],
    [selector("PriorityClass", "Is"), [`${at}.operator: not a valid selector operator`]],
    [
      selector("PriorityClass", "Exists", ["a"]),
      [`${at}.values: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`],
    ],
  ];
  for (const [spec, want] of table) {
    const found = validateQuota({ metadata: { name: "q" }, spec });
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message.replace(/^.*?: (?=must|unsupp|confl|not a)/, "")}`),
      want,
      JSON.stringify(spec),
    );
  }
});
