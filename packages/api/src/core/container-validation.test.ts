import { test } from "node:test";
import { acceptsAndRefuses, podOf, podWithContainer } from "./pod-test-objects.ts";

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const ok = podOf();

test("what a container must have", () => {
  acceptsAndRefuses([
    ["containers", ok, podOf({ containers: [] }), ["spec.containers: Required value"]],
    [
      "name",
      ok,
      podOf({ containers: [{ name: "App", image: "nginx" }] }),
      [`spec.containers[0].name: Invalid value: "App": ${label}`],
    ],
    ["image", ok, podOf({ containers: [{ name: "app" }] }), ["spec.containers[0].image: Required value"]],
    [
      "spaces around an image",
      ok,
      podWithContainer({ image: " nginx" }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    [
      "names are unique",
      podOf({
        containers: [
          { name: "a", image: "x" },
          { name: "b", image: "x" },
        ],
      }),
      podOf({
        containers: [
          { name: "a", image: "x" },
          { name: "a", image: "x" },
        ],
      }),
      ['spec.containers[1].name: Duplicate value: "a"'],
    ],
    [
      "pull policy",
      podWithContainer({ imagePullPolicy: "Never" }),
      podWithContainer({ imagePullPolicy: "Sometimes" }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      "restart policy of a container",
      podWithContainer({ restartPolicy: "Never" }),
      podWithContainer({ restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }] }),
      ["spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"],
    ],
  ]);
});

test("init and ephemeral containers", () => {
  const init = (more: object) => podOf({ initContainers: [{ name: "init", image: "x", ...more }] });
  const probe = { livenessProbe: { exec: { command: ["true"] } } };
  acceptsAndRefuses([
    [
      "probes are for sidecars",
      init({ ...probe, restartPolicy: "Always" }),
      init(probe),
      [
        "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
      ],
    ],
    ["names across kinds", init({}), init({ name: "app" }), ['spec.initContainers[0].name: Duplicate value: "app"']],
    [
      "not in a new Pod",
      ok,
      podOf({ ephemeralContainers: [{ name: "debug", image: "x" }] }),
      ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
    ],
    [
      "no ports in them",
      ok,
      podOf({ ephemeralContainers: [{ name: "debug", image: "x", ports: [{ containerPort: 80 }] }] }),
      [
        "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
      ],
    ],
  ]);
});
