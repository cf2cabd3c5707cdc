import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { Pod, PodSpec } from "../generated/types.ts";
import { podOf, type Refusal, texts } from "./pod-test-objects.ts";
import { validatePodUpdate } from "./pod-update-validation.ts";

const notOther =
  "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n";

/** Errors of changing `old` by `change`. */
function update(old: Pod, change: (spec: PodSpec, pod: Pod) => void): Refusal[] {
  const pod = clone(old);
  if (pod.spec !== undefined) change(pod.spec, pod);
  return texts(validatePodUpdate(pod, old));
}

test("what may change", () => {
  const old = podOf({ terminationGracePeriodSeconds: -1, tolerations: [{ key: "a", operator: "Exists" }] });
  const errors = update(old, (spec) => {
    for (const container of spec.containers) container.image = "nginx:2";
    spec.activeDeadlineSeconds = 10;
    spec.terminationGracePeriodSeconds = 1;
    spec.tolerations = [...(spec.tolerations ?? []), { key: "b", operator: "Exists" }];
  });
  assert.deepEqual(errors, []);
});

test("what may not", () => {
  const old = podOf({ activeDeadlineSeconds: 10, tolerations: [{ key: "a", operator: "Exists" }] });
  const cases: [string, (spec: PodSpec, pod: Pod) => void, Refusal[]][] = [
    [
      "other fields, with what differs",
      (spec) => {
        spec.hostname = "other";
      },
      [`${notOther}- \thostname: null,\n+ \thostname: "other",\n`],
    ],
    [
      "the number of containers",
      (spec) => spec.containers.push({ ...clone(spec.containers[0] ?? { name: "" }), name: "b" }),
      ["spec.containers: Forbidden: pod updates may not add or remove containers"],
    ],
    [
      "a later deadline",
      (spec) => {
        spec.activeDeadlineSeconds = 11;
      },
      ["spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value"],
    ],
    [
      "a toleration taken away",
      (spec) => {
        spec.tolerations = [];
      },
      ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"],
    ],
    [
      "a gate",
      (spec) => {
        spec.schedulingGates = [{ name: "wait" }];
      },
      ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'wait'"],
    ],
    [
      "the mirror annotation",
      (_, pod) => {
        pod.metadata = { ...pod.metadata, annotations: { "kubernetes.io/config.mirror": "x" } };
      },
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
        "metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation",
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
    ],
  ];
  for (const [name, change, expected] of cases) assert.deepEqual(update(old, change), expected, name);
});

test("a gated Pod's placement can be narrowed", () => {
  const old = podOf({ schedulingGates: [{ name: "wait" }], nodeSelector: { a: "1" } });
  const narrow = update(old, (spec) => {
    spec.nodeSelector = { a: "1", b: "2" };
    spec.affinity = { nodeAffinity: {} };
    spec.schedulingGates = [];
  });
  assert.deepEqual(narrow, []);
  const widen = update(old, (spec) => {
    spec.nodeSelector = {};
  });
  assert.deepEqual(widen, [
    "spec.nodeSelector: Invalid value: {}: only additions to spec.nodeSelector are allowed (no mutations or deletions)",
  ]);
});

test("the same amounts in other words are no change", () => {
  const old = podOf({ containers: [{ name: "app", image: "x", resources: { requests: { memory: "1Gi" } } }] });
  const errors = update(old, (spec) => {
    for (const container of spec.containers) container.resources = { requests: { memory: "1024Mi" } };
    spec.volumes = [];
  });
  assert.deepEqual(errors, []);
});
