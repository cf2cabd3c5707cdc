import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, NodeSpec, Pod, PodSpec } from "@kubets/api";
import { diagnosisMessage, Framework, feasibleNodesToFind } from "../framework/framework.ts";
import { NodeInfo } from "../framework/node-info.ts";
import { defaultPlugins } from "./index.ts";

function node(
  name: string,
  spec: NodeSpec = {},
  allocatable: Record<string, string> = {},
  labels: Record<string, string> = {},
): Node {
  return {
    metadata: { name, labels },
    spec,
    status: { allocatable: { cpu: "2", memory: "4Gi", pods: "110", ...allocatable } },
  };
}

let serial = 0;
function pod(spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}): Pod {
  serial++;
  return {
    metadata: { name: `pod-${serial}`, namespace: "default", uid: `uid-${serial}` },
    spec: { containers: [{ name: "app", image: "app:1", resources: { requests } }], ...spec },
  };
}

function withPods(object: Node, pods: readonly Pod[] = []): NodeInfo {
  const info = new NodeInfo(object.metadata?.name ?? "");
  info.setNode(object);
  for (const p of pods) info.addPod(p);
  return info;
}

/** Names of the nodes that fit, or the message when none does. */
function outcome(wanted: Pod, nodes: readonly NodeInfo[]): string {
  const choice = new Framework(defaultPlugins, () => 0.5).choose(wanted, nodes);
  return "node" in choice ? choice.node.name : diagnosisMessage(choice.diagnosis);
}

const gpuTaint = { key: "gpu", value: "yes", effect: "NoSchedule" };
const inZone = (operator: string, ...values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator, values }] }],
      },
    },
  },
});
const onPort = (hostPort: number, hostIP?: string): Partial<PodSpec> => ({
  containers: [
    {
      name: "app",
      image: "app:1",
      ports: [{ containerPort: 80, hostPort, ...(hostIP === undefined ? {} : { hostIP }) }],
    },
  ],
});

const cases: [what: string, pod: Pod, nodes: NodeInfo[], outcome: string][] = [
  ["an empty cluster", pod(), [], "no nodes available to schedule pods"],
  ["a pod that fits", pod({}, { cpu: "1" }), [withPods(node("a"))], "a"],
  ["too much cpu", pod({}, { cpu: "3" }), [withPods(node("a"))], "0/1 nodes are available: 1 Insufficient cpu."],
  [
    "what others took counts",
    pod({}, { cpu: "1500m", memory: "3Gi" }),
    [withPods(node("a"), [pod({}, { cpu: "1", memory: "2Gi" })])],
    "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
  ],
  [
    "a full node",
    pod(),
    [withPods(node("a", {}, { pods: "1" }), [pod()])],
    "0/1 nodes are available: 1 Too many pods.",
  ],
  [
    "an extended resource",
    pod({}, { "example.com/gpu": "2" }),
    [withPods(node("a")), withPods(node("b", {}, { "example.com/gpu": "2" }))],
    "b",
  ],
  [
    "a cordoned node",
    pod(),
    [withPods(node("a", { unschedulable: true }))],
    "0/1 nodes are available: 1 node(s) were unschedulable.",
  ],
  ["a taint", pod(), [withPods(node("a", { taints: [gpuTaint] })), withPods(node("b"))], "b"],
  [
    "a tolerated taint",
    pod({ tolerations: [{ key: "gpu", operator: "Exists" }] }),
    [withPods(node("a", { taints: [gpuTaint] }))],
    "a",
  ],
  [
    "a toleration of another value",
    pod({ tolerations: [{ key: "gpu", value: "no" }] }),
    [withPods(node("a", { taints: [gpuTaint] }))],
    "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
  ],
  [
    "a preferred taint is avoided",
    pod(),
    [withPods(node("a", { taints: [{ ...gpuTaint, effect: "PreferNoSchedule" }] })), withPods(node("b"))],
    "b",
  ],
  [
    "a node selector",
    pod({ nodeSelector: { zone: "x" } }),
    [withPods(node("a")), withPods(node("b", {}, {}, { zone: "x" }))],
    "b",
  ],
  [
    "affinity In",
    pod(inZone("In", "x", "y")),
    [withPods(node("a", {}, {}, { zone: "z" })), withPods(node("b", {}, {}, { zone: "y" }))],
    "b",
  ],
  ["affinity NotIn matches nodes without the label", pod(inZone("NotIn", "x")), [withPods(node("a"))], "a"],
  [
    "affinity Gt",
    pod(inZone("Gt", "5")),
    [withPods(node("a", {}, {}, { zone: "5" })), withPods(node("b", {}, {}, { zone: "6" }))],
    "b",
  ],
  [
    "no node has the label",
    pod(inZone("Exists")),
    [withPods(node("a")), withPods(node("b"))],
    "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
  ],
  [
    "a host port in use",
    pod(onPort(8080)),
    [withPods(node("a"), [pod(onPort(8080, "10.0.0.1"))])],
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  ],
  [
    "the same host port on another address",
    pod(onPort(8080, "10.0.0.2")),
    [withPods(node("a"), [pod(onPort(8080, "10.0.0.1"))])],
    "a",
  ],
  [
    "the emptier node is preferred",
    pod({}, { cpu: "100m" }),
    [withPods(node("a"), [pod({}, { cpu: "1", memory: "1Gi" })]), withPods(node("b"))],
    "b",
  ],
];

for (const [what, wanted, nodes, expected] of cases)
  test(what, () => {
    assert.equal(outcome(wanted, nodes), expected);
  });

test("a controller's pods are spread over nodes, and over zones", () => {
  const owned = (): Pod => {
    const p = pod();
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "rs", controller: true };
    return { ...p, metadata: { ...p.metadata, ownerReferences: [owner] } };
  };
  const nodes = ["a", "b", "c"].map((name) => withPods(node(name)));
  for (let i = 0; i < 9; i++) nodes.find((n) => n.name === outcome(owned(), nodes))?.addPod(owned());
  assert.deepEqual(
    nodes.map((n) => n.pods.size),
    [3, 3, 3],
  );
  const zones = { a1: "x", a2: "x", b1: "y" };
  const zoned = Object.entries(zones).map(([name, zone]) =>
    withPods(node(name, {}, {}, { "topology.kubernetes.io/zone": zone }), name === "a1" ? [owned(), owned()] : []),
  );
  assert.equal(outcome(owned(), zoned), "b1");
});

test("reasons are counted over nodes", () => {
  const nodes = [
    withPods(node("a", { unschedulable: true })),
    withPods(node("b", { taints: [gpuTaint] })),
    withPods(node("c", { taints: [gpuTaint] })),
  ];
  assert.equal(
    outcome(pod(), nodes),
    "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint(s).",
  );
});

test("sums go back to nothing when pods go", () => {
  const p = pod(onPort(80), { cpu: "1" });
  const info = withPods(node("a"), [p]);
  info.removePod(p);
  assert.deepEqual(info.requested, { milliCpu: 0, memory: 0, ephemeralStorage: 0, scalar: {} });
  assert.deepEqual(info.nonZero, { milliCpu: 0, memory: 0 });
});

test("how many nodes are looked at falls with their number", () => {
  assert.deepEqual([50, 100, 1000, 5000, 10000].map(feasibleNodesToFind), [50, 100, 420, 500, 500]);
});
