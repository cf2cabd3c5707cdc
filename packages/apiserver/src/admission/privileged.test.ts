import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition } from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import type { AdmissionAttributes } from "./plugin.ts";
import { noPrivilegedContainers } from "./privileged.ts";

const privileged = { name: "x", securityContext: { privileged: true } };
const validate = (group: string, plural: string, object: object) =>
  noPrivilegedContainers.validate?.({
    definition: findDefinition(group, "v1", plural),
    object,
    name: "a",
  } as unknown as AdmissionAttributes);

test("privileged containers are refused wherever pods are described", () => {
  const refused: [group: string, plural: string, object: object, field: string][] = [
    ["", "pods", { spec: { containers: [privileged] } }, "spec.containers[0]"],
    ["", "pods", { spec: { containers: [], initContainers: [{}, privileged] } }, "spec.initContainers[1]"],
    [
      "apps",
      "deployments",
      { spec: { template: { spec: { containers: [privileged] } } } },
      "spec.template.spec.containers[0]",
    ],
  ];
  for (const [group, plural, object, field] of refused)
    assert.throws(
      () => validate(group, plural, object),
      (error: unknown) =>
        error instanceof StatusError &&
        error.code === 422 &&
        error.message.endsWith(`${field}.securityContext.privileged: Forbidden: disallowed by cluster policy`),
    );
  validate("", "pods", { spec: { containers: [{ name: "x", securityContext: { privileged: false } }] } });
  validate("apps", "deployments", {});
});
