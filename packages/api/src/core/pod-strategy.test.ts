import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { ContainerStatus, Pod } from "../generated/types.ts";
import { podDefinition } from "./pod.ts";
import { podStatusStrategy, podStrategy } from "./pod-strategy.ts";
import { podEphemeralContainersStrategy, podResizeStrategy } from "./pod-subresources.ts";
import { podOf, testContext, texts } from "./pod-test-objects.ts";

test("a new Pod is Pending, of generation 1, whatever its maker says of its status", () => {
  const pod = podOf({}, { generation: 7 });
  pod.status = { phase: "Running", qosClass: "Guaranteed" };
  podStrategy.prepareForCreate?.(pod, testContext);
  assert.equal(pod.metadata?.generation, 1);
  assert.deepEqual(pod.status, { phase: "Pending", qosClass: "BestEffort" });
});

test("a gated Pod says why it waits", () => {
  const pod = podOf({ schedulingGates: [{ name: "wait" }] });
  podStrategy.prepareForCreate?.(pod, testContext);
  assert.deepEqual(pod.status?.conditions, [
    {
      type: "PodScheduled",
      status: "False",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
      lastTransitionTime: "2026-01-02T03:04:05Z",
    },
  ]);
});

test("matchLabelKeys become requirements", () => {
  const pod = podOf(
    {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: {},
          matchLabelKeys: ["app", "missing"],
        },
      ],
    },
    { labels: { app: "web" } },
  );
  podStrategy.prepareForCreate?.(pod, testContext);
  assert.deepEqual(pod.spec?.topologySpreadConstraints?.[0]?.labelSelector, {
    matchExpressions: [{ key: "app", operator: "In", values: ["web"] }],
  });
  assert.deepEqual(texts(podStrategy.validate?.(pod) ?? []), []);
});

test("grace periods", () => {
  const running = (spec: object, phase = "Running"): Pod => ({
    ...podOf({ nodeName: "n", ...spec }),
    status: { phase },
  });
  const cases: [string, Pod, number | undefined, number][] = [
    ["the Pod's own", running({}), undefined, 30],
    ["the client's", running({}), 5, 5],
    ["negative is one", running({ terminationGracePeriodSeconds: -3 }), undefined, 1],
    ["no node", podOf(), 5, 0],
    ["finished", running({}, "Succeeded"), 5, 0],
  ];
  for (const [name, pod, requested, expected] of cases)
    assert.equal(podStrategy.gracePeriodSeconds?.(pod, requested), expected, name);
});

test("an update keeps the status and counts changes of the spec", () => {
  const old: Pod = { ...podOf({}, { generation: 3 }), status: { phase: "Running" } };
  const same = { ...clone(old), status: {} };
  podStrategy.prepareForUpdate?.(same, old, testContext);
  assert.equal(same.metadata?.generation, 3);
  assert.deepEqual(same.status, { phase: "Running" });
  const changed = clone(old);
  if (changed.spec) changed.spec.activeDeadlineSeconds = 1;
  podStrategy.prepareForUpdate?.(changed, old, testContext);
  assert.equal(changed.metadata?.generation, 4);
});

const containerStatus = (state: ContainerStatus["state"]): ContainerStatus => ({
  name: "app",
  image: "",
  imageID: "",
  ready: false,
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
});

test("/status keeps the spec, the quality of service and observed generations", () => {
  const old: Pod = {
    ...podOf({}, { generation: 2 }),
    status: {
      qosClass: "BestEffort",
      observedGeneration: 2,
      conditions: [{ type: "Ready", status: "True", observedGeneration: 2 }],
    },
  };
  const pod: Pod = { ...podOf({ hostname: "x" }), status: { conditions: [{ type: "Ready", status: "False" }] } };
  podStatusStrategy.prepareForUpdate?.(pod, old, testContext);
  assert.deepEqual(pod.spec, old.spec);
  assert.deepEqual(pod.status, {
    qosClass: "BestEffort",
    observedGeneration: 2,
    conditions: [{ type: "Ready", status: "False", observedGeneration: 2 }],
  });
});

test("/status: a container that ended stays so, where nothing restarts it", () => {
  const ended = { terminated: { exitCode: 1 } };
  const cases: [string, string[]][] = [
    ["Always", []],
    ["OnFailure", []],
    ["Never", ["status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"]],
  ];
  for (const [restartPolicy, expected] of cases) {
    const old: Pod = { ...podOf({ restartPolicy }), status: { containerStatuses: [containerStatus(ended)] } };
    const pod: Pod = { ...clone(old), status: { containerStatuses: [containerStatus({ running: {} })] } };
    assert.deepEqual(texts(podStatusStrategy.validateUpdate?.(pod, old) ?? []), expected, restartPolicy);
  }
});

test("/status: addresses", () => {
  const old = podOf();
  const pod: Pod = { ...clone(old), status: { podIPs: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }] } };
  assert.deepEqual(texts(podStatusStrategy.validateUpdate?.(pod, old) ?? []), [
    'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
  ]);
});

test("/ephemeralcontainers adds, and nothing else", () => {
  const old = podOf({ ephemeralContainers: [{ name: "one", image: "x" }] }, { generation: 1, labels: { a: "b" } });
  const pod = podOf({
    hostname: "x",
    ephemeralContainers: [
      { name: "one", image: "x" },
      { name: "two", image: "x" },
    ],
  });
  podEphemeralContainersStrategy.prepareForUpdate?.(pod, old, testContext);
  assert.equal(pod.spec?.hostname, undefined);
  assert.deepEqual(pod.metadata?.labels, { a: "b" });
  assert.equal(pod.metadata?.generation, 2);
  assert.deepEqual(texts(podEphemeralContainersStrategy.validateUpdate?.(pod, old) ?? []), []);
  const without = podOf({}, old.metadata);
  assert.deepEqual(texts(podEphemeralContainersStrategy.validateUpdate?.(without, old) ?? []), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "one" may not be removed\n',
  ]);
});

test("/resize changes cpu and memory within the same quality of service", () => {
  const sized = (requests: Record<string, string>) =>
    podOf({ containers: [{ name: "app", image: "x", resources: { requests } }] }, { generation: 1 });
  const old: Pod = { ...sized({ cpu: "1" }), status: { qosClass: "Burstable" } };
  const pod = sized({ cpu: "2" });
  podResizeStrategy.prepareForUpdate?.(pod, old, testContext);
  assert.deepEqual(texts(podResizeStrategy.validateUpdate?.(pod, old) ?? []), []);
  assert.equal(pod.metadata?.generation, 2);
  const smaller = sized({ memory: "1Gi" });
  podResizeStrategy.prepareForUpdate?.(smaller, old, testContext);
  assert.deepEqual(texts(podResizeStrategy.validateUpdate?.(smaller, old) ?? []), [
    "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
  ]);
});

test("the definition", () => {
  assert.deepEqual(
    podDefinition.subresources.map((each) => each.name),
    ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"],
  );
  assert.equal(podDefinition.selectableFields["spec.hostNetwork"]?.(podOf()), "false");
  assert.equal(podDefinition.selectableFields["spec.nodeName"]?.(podOf({ nodeName: "n" })), "n");
});
