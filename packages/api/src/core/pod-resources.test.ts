import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "../generated/types.ts";
import { formatResourceList } from "./container-quantities.ts";
import { podLimits, podRequests, qosClassOf } from "./pod-resources.ts";

const container = (name: string, cpu: string, more: Partial<Container> = {}): Container => ({
  name,
  resources: { requests: { cpu } },
  ...more,
});
const podOf = (spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({ spec: { containers: [], ...spec } });
const cpuOf = (pod: Pod) => formatResourceList(podRequests(pod))["cpu"];

test("requests: containers together, init containers one by one, sidecars beside them", () => {
  const cases: [string, Pod, string][] = [
    ["containers add up", podOf({ containers: [container("a", "1"), container("b", "500m")] }), "1500m"],
    [
      "a larger init container",
      podOf({ containers: [container("a", "1")], initContainers: [container("i", "3")] }),
      "3",
    ],
    ["a smaller one", podOf({ containers: [container("a", "1")], initContainers: [container("i", "1m")] }), "1"],
    [
      "a sidecar runs with the containers",
      podOf({ containers: [container("a", "1")], initContainers: [container("s", "1", { restartPolicy: "Always" })] }),
      "2",
    ],
    [
      "an init container runs beside the sidecars before it",
      podOf({
        containers: [container("a", "1")],
        initContainers: [container("s", "1", { restartPolicy: "Always" }), container("i", "4")],
      }),
      "5",
    ],
    [
      "but not beside those after it",
      podOf({
        containers: [container("a", "1")],
        initContainers: [container("i", "4"), container("s", "1", { restartPolicy: "Always" })],
      }),
      "4",
    ],
    ["overhead comes on top", podOf({ containers: [container("a", "1")], overhead: { cpu: "250m" } }), "1250m"],
    [
      "pod-level requests replace the sum",
      podOf({ containers: [container("a", "1")], resources: { requests: { cpu: "3" } } }),
      "3",
    ],
  ];
  for (const [name, pod, cpu] of cases) assert.equal(cpuOf(pod), cpu, name);
});

test("a resize under way counts the larger of wish and grant, unless it cannot be done", () => {
  const pod = podOf({ containers: [container("a", "1")] });
  pod.status = {
    containerStatuses: [
      {
        name: "a",
        image: "",
        imageID: "",
        ready: true,
        restartCount: 0,
        resources: { requests: { cpu: "500m" } },
      },
    ],
  };
  const granted = (each: Pod) => formatResourceList(podRequests(each, { useStatusResources: true }))["cpu"];
  assert.equal(granted(pod), "1");
  pod.status.conditions = [{ type: "PodResizePending", status: "True", reason: "Infeasible" }];
  assert.equal(granted(pod), "500m");
});

test("overhead makes no limit where there is none", () => {
  const pod = podOf({
    containers: [{ name: "a", resources: { limits: { memory: "1Gi" } } }],
    overhead: { cpu: "1", memory: "1Gi" },
  });
  assert.deepEqual(formatResourceList(podLimits(pod)), { memory: "2Gi" });
});

test("quality of service", () => {
  const both = { cpu: "1", memory: "1Gi" };
  const cases: [string, Pod, string][] = [
    ["nothing asked", podOf({ containers: [{ name: "a" }] }), "BestEffort"],
    [
      "limits are the requests",
      podOf({ containers: [{ name: "a", resources: { limits: both, requests: both } }] }),
      "Guaranteed",
    ],
    [
      "a request below",
      podOf({ containers: [{ name: "a", resources: { limits: both, requests: { ...both, cpu: "1m" } } }] }),
      "Burstable",
    ],
    [
      "one container without",
      podOf({ containers: [{ name: "a", resources: { limits: both, requests: both } }, { name: "b" }] }),
      "Burstable",
    ],
    [
      "only devices",
      podOf({ containers: [{ name: "a", resources: { limits: { "example.com/gpu": "1" } } }] }),
      "BestEffort",
    ],
    [
      "the pod's own level decides",
      podOf({ containers: [{ name: "a" }], resources: { limits: both, requests: both } }),
      "Guaranteed",
    ],
  ];
  for (const [name, pod, qos] of cases) assert.equal(qosClassOf(pod), qos, name);
});
