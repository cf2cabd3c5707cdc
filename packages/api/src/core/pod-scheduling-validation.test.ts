import { test } from "node:test";
import { acceptsAndRefuses, podOf } from "./pod-test-objects.ts";

const ok = podOf();

test("scheduling", () => {
  const toleration = (each: object) => podOf({ tolerations: [each] });
  const spread = (each: object) =>
    podOf({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: {}, ...each },
      ],
    });
  const node = (requirement: object) =>
    podOf({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [requirement as never] }],
          },
        },
      },
    });
  const nodePath =
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]";
  acceptsAndRefuses([
    [
      "tolerations",
      toleration({ operator: "Exists" }),
      toleration({ operator: "Equal" }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      "seconds",
      toleration({ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }),
      toleration({ key: "a", operator: "Exists", tolerationSeconds: 3 }),
      [`spec.tolerations[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`],
    ],
    [
      "spread",
      spread({}),
      spread({ maxSkew: 0, whenUnsatisfiable: "Maybe" }),
      [
        "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
        'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: "DoNotSchedule", "ScheduleAnyway"',
      ],
    ],
    [
      "node affinity",
      node({ key: "a", operator: "In", values: ["b"] }),
      node({ key: "a", operator: "In" }),
      [`${nodePath}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ],
    [
      "gates and node",
      podOf({ schedulingGates: [{ name: "wait" }] }),
      podOf({ schedulingGates: [{ name: "wait" }], nodeName: "n" }),
      ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"],
    ],
    [
      "pod affinity needs a topology",
      ok,
      podOf({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "" }] } } }),
      [
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
  ]);
});
