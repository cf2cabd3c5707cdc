import assert from "node:assert/strict";
import { test } from "node:test";
import { validateApiService } from "./api-service-validation.ts";

const spec = { group: "metrics.k8s.io", version: "v1beta1", groupPriorityMinimum: 100, versionPriority: 100 };

function complaints(name: string, more: object): string[] {
  return validateApiService({ metadata: { name }, spec: { ...spec, ...more } }).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

test("what upstream refuses", () => {
  const name = "v1beta1.metrics.k8s.io";
  assert.deepEqual(complaints(name, {}), []);
  assert.deepEqual(complaints("x", {}), [
    `metadata.name: Invalid value: "x": must be \`spec.version+"."+spec.group\`: "v1beta1.metrics.k8s.io"`,
  ]);
  assert.deepEqual(complaints(name, { groupPriorityMinimum: 20001, versionPriority: 0 }), [
    "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
    "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
  ]);
  assert.deepEqual(complaints(name, { caBundle: "YWJj", insecureSkipTLSVerify: true }), [
    'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle',
    "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify",
  ]);
  const service = { name: "", namespace: "x", port: 443 };
  assert.deepEqual(complaints(name, { service, caBundle: "YWJj", insecureSkipTLSVerify: true }), [
    "spec.service.name: Required value",
    "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present",
  ]);
});
