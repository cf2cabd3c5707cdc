import { test } from "node:test";
import { acceptsAndRefuses, podWithContainer } from "./pod-test-objects.ts";

test("environment", () => {
  const env = (valueFrom: object, value?: string) =>
    podWithContainer({ env: [{ name: "A", valueFrom, ...(value === undefined ? {} : { value }) }] });
  acceptsAndRefuses([
    [
      "names",
      podWithContainer({ env: [{ name: "a.b" }] }),
      podWithContainer({ env: [{ name: "a=b" }] }),
      [
        `spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
      ],
    ],
    [
      "fieldRef",
      env({ fieldRef: { fieldPath: "metadata.labels['a']" } }),
      env({ fieldRef: { fieldPath: "metadata.whole" } }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.whole": error converting fieldPath: field label not supported: metadata.whole',
      ],
    ],
    [
      "a path that volumes have",
      env({ fieldRef: { fieldPath: "status.podIP" } }),
      env({ fieldRef: { fieldPath: "metadata.labels" } }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      "resourceFieldRef",
      env({ resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } }),
      env({ resourceFieldRef: { resource: "limits.cpu", divisor: "2m" } }),
      [
        `spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
      ],
    ],
    [
      "keys",
      env({ configMapKeyRef: { name: "c", key: "k" } }),
      env({ secretKeyRef: { name: "c", key: "" } }),
      ["spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value"],
    ],
    [
      "value and valueFrom",
      env({ configMapKeyRef: { name: "c", key: "k" } }),
      env({ configMapKeyRef: { name: "c", key: "k" } }, "x"),
      ['spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
    ],
    [
      "envFrom",
      podWithContainer({ envFrom: [{ configMapRef: { name: "c" } }] }),
      podWithContainer({ envFrom: [{}] }),
      ['spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'],
    ],
  ]);
});
