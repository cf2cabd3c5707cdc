import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { Deployment, DeploymentSpec, DeploymentStatus } from "../generated/types.ts";
import { deploymentDefinition } from "./deployment.ts";
import { rowOf, selector, templateOf, testContext, texts, withDefaults } from "./workload-test-objects.ts";

const { strategy, status } = deploymentDefinition;

function deploymentOf(spec: Partial<DeploymentSpec> = {}): Deployment {
  return withDefaults(deploymentDefinition, { spec: { selector, template: templateOf(), ...spec } });
}

const validate = (deployment: Deployment) => texts(strategy.validate?.(deployment) ?? []);

test("defaults", () => {
  const { template, ...spec } = deploymentOf().spec ?? {};
  assert.deepEqual(spec, {
    selector,
    replicas: 1,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  assert.equal(template?.spec?.restartPolicy, "Always");
  assert.equal(template?.spec?.enableServiceLinks, undefined);
});

test("validation", () => {
  assert.deepEqual(validate(deploymentOf()), []);
  const cases: [string, Partial<DeploymentSpec>, string[]][] = [
    ["replicas", { replicas: -1 }, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]],
    [
      "an empty selector",
      { selector: {} },
      ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
    ],
    [
      "a selector for others",
      { selector: { matchLabels: { app: "other" } } },
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      "restart policy",
      { template: templateOf({ restartPolicy: "Never" }) },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      "deadline",
      { template: templateOf({ activeDeadlineSeconds: 5 }) },
      ["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
    ],
    [
      "no step at all",
      { strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: "0%" } } },
      ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
    ],
    [
      "percent",
      { strategy: { rollingUpdate: { maxUnavailable: "101%" } } },
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      "recreate",
      { strategy: { type: "Recreate", rollingUpdate: {} } },
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      "strategy",
      { strategy: { type: "Magic" } },
      ['spec.strategy: Unsupported value: {"type":"Magic"}: supported values: "Recreate", "RollingUpdate"'],
    ],
    [
      "progress",
      { minReadySeconds: 600 },
      ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
    ],
    [
      "the template's containers",
      { template: templateOf({ containers: [{ name: "app" }] }) },
      ["spec.template.spec.containers[0].image: Required value"],
    ],
  ];
  for (const [name, spec, expected] of cases) assert.deepEqual(validate(deploymentOf(spec)), expected, name);
  const { selector: _, ...rest } = deploymentOf().spec ?? {};
  assert.deepEqual(validate({ spec: rest as DeploymentSpec }), [
    "spec.selector: Required value",
    'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  ]);
});

test("the selector is for life", () => {
  const old = deploymentOf();
  const labels = { app: "web", tier: "front" };
  const deployment = deploymentOf({
    selector: { matchLabels: labels },
    template: { ...templateOf(), metadata: { labels } },
  });
  assert.deepEqual(texts(strategy.validateUpdate?.(deployment, old) ?? []), [
    'spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"front"}}: field is immutable',
  ]);
});

test("generation counts changes of the spec and of annotations", () => {
  const old = deploymentOf();
  strategy.prepareForCreate?.(old, testContext);
  assert.equal(old.metadata?.generation, 1);
  const cases: [string, (deployment: Deployment) => void, number][] = [
    ["nothing", () => {}, 1],
    [
      "labels",
      (each) => {
        each.metadata = { ...each.metadata, labels: { a: "b" } };
      },
      1,
    ],
    [
      "annotations",
      (each) => {
        each.metadata = { ...each.metadata, annotations: { a: "b" } };
      },
      2,
    ],
    [
      "replicas",
      (each) => {
        if (each.spec) each.spec.replicas = 5;
      },
      2,
    ],
  ];
  for (const [name, change, expected] of cases) {
    const deployment = clone(old);
    change(deployment);
    strategy.prepareForUpdate?.(deployment, old, testContext);
    assert.equal(deployment.metadata?.generation, expected, name);
  }
});

test("/status", () => {
  const errors = (after: DeploymentStatus, before: DeploymentStatus = {}) =>
    texts(status?.validateUpdate?.({ status: after }, { status: before }) ?? []);
  assert.deepEqual(errors({ replicas: 2, readyReplicas: 2, availableReplicas: 1 }), []);
  assert.deepEqual(errors({ replicas: 1, readyReplicas: 2 }), [
    "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
  ]);
  assert.deepEqual(errors({ collisionCount: 1 }, { collisionCount: 2 }), [
    "status.collisionCount: Invalid value: 1: cannot be decremented",
  ]);
  const deployment: Deployment = {
    metadata: { labels: { a: "b" } },
    spec: { ...deploymentOf().spec, replicas: 9 } as DeploymentSpec,
  };
  const old = deploymentOf();
  status?.prepareForUpdate?.(deployment, old, testContext);
  assert.deepEqual(deployment.spec, old.spec);
  assert.equal(deployment.metadata?.labels, undefined);
});

test("columns and scale", () => {
  const deployment = deploymentOf({ replicas: 3 });
  deployment.status = { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 };
  assert.deepEqual(rowOf(deploymentDefinition, deployment), {
    Name: "web",
    Ready: "2/3",
    "Up-to-date": 3,
    Available: 2,
    Age: "<unknown>",
    Containers: "app",
    Images: "nginx:1",
    Selector: "app=web",
  });
  assert.equal(deploymentDefinition.scale?.specReplicasPath, ".spec.replicas");
});

test("warnings", () => {
  const deployment = deploymentOf({ template: templateOf({ nodeSelector: { "beta.kubernetes.io/os": "linux" } }) });
  const expected =
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead';
  assert.deepEqual(strategy.warnings?.(deployment, undefined), [expected]);
  assert.deepEqual(strategy.warnings?.(deployment, clone(deployment)), []);
});
