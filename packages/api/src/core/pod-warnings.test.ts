import assert from "node:assert/strict";
import { test } from "node:test";
import { path } from "@kubets/apimachinery";
import type { Pod } from "../generated/types.ts";
import { podOf, podWithContainer } from "./pod-test-objects.ts";
import { podTemplateWarnings, podWarnings } from "./pod-warnings.ts";

test("warnings of a Pod", () => {
  const cases: [name: string, Pod, warnings: string[]][] = [
    ["nothing to say", podOf(), []],
    [
      "a hidden variable",
      podWithContainer({
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
      }),
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      "one that builds on the other",
      podWithContainer({
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "$(A)2" },
        ],
      }),
      [],
    ],
    [
      "the same port twice",
      podWithContainer({ ports: [{ containerPort: 80 }, { containerPort: 80, name: "again" }] }),
      ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"],
    ],
    [
      "old node labels",
      podOf({ nodeSelector: { "beta.kubernetes.io/os": "linux" } }),
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      "old volumes",
      podOf({ volumes: [{ name: "v", gitRepo: { repository: "r" } }] }),
      ["spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"],
    ],
    [
      "a part of a byte",
      podWithContainer({ resources: { requests: { memory: "100m" } } }),
      ['spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer'],
    ],
    [
      "a negative grace period",
      podOf({ terminationGracePeriodSeconds: -1 }),
      ["spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"],
    ],
    [
      "an empty pull secret",
      podOf({ imagePullSecrets: [{ name: "" }] }),
      ['spec.imagePullSecrets[0].name: invalid empty name ""'],
    ],
  ];
  for (const [name, pod, expected] of cases) assert.deepEqual(podWarnings(pod), expected, name);
  assert.match(podWarnings(podOf({}, { name: "a.b" }))[0] ?? "", /^metadata\.name: this is used in the Pod's hostname/);
});

test("warnings of a template say where it stands", () => {
  const template = { spec: podOf({ nodeSelector: { "beta.kubernetes.io/arch": "amd64" } }).spec ?? { containers: [] } };
  assert.deepEqual(podTemplateWarnings(template, path("spec.template")), [
    'spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead',
  ]);
});
