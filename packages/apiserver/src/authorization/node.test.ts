import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pod, persistentVolumes, pods } from "@kubets/api";
import { parseFieldSelector } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { NodeAuthorizer } from "./node.ts";
import { NodeGraph } from "./node-graph.ts";

const pod = (name: string, nodeName: string, rest: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({
  metadata: { namespace: "ns", name, uid: name },
  spec: {
    nodeName,
    serviceAccountName: `sa-${name}`,
    containers: [{ name: "c", envFrom: [{ secretRef: { name: `env-${name}` } }] }],
    volumes: [
      { name: "s", secret: { secretName: `secret-${name}` } },
      { name: "c", projected: { sources: [{ configMap: { name: `config-${name}` } }] } },
      { name: "p", persistentVolumeClaim: { claimName: `claim-${name}` } },
    ],
    ...rest,
  },
});

async function world() {
  const reader = new FakeReader().put(pods, pod("a", "n1")).put(pods, pod("b", "n2"));
  reader.put(persistentVolumes, {
    metadata: { name: "pv-a" },
    spec: {
      claimRef: { namespace: "ns", name: "claim-a" },
      csi: { driver: "d", volumeHandle: "h", nodeStageSecretRef: { namespace: "storage", name: "stage" } },
    },
  });
  const graph = new NodeGraph();
  await graph.follow(reader, new AbortController().signal);
  const authorizer = new NodeAuthorizer(graph);
  /** `verb group/resource/subresource namespace/name` as the kubelet of n1. */
  const ask = (request: string, rest: Partial<AuthorizationAttributes> = {}) => {
    const [verb = "", what = "", where = "/"] = request.split(" ");
    const [apiGroup = "", resource = "", subresource = ""] = what.split("/");
    const [namespace = "", name = ""] = where.split("/");
    const user = { name: "system:node:n1", groups: ["system:nodes"] };
    const attributes = {
      user,
      verb,
      isResourceRequest: true,
      apiGroup,
      apiVersion: "v1",
      resource,
      subresource,
      namespace,
      name,
      path: "",
    };
    return authorizer.authorize({ ...attributes, ...rest });
  };
  return { reader, ask };
}

test("a node may have what its pods refer to", async () => {
  const { ask } = await world();
  const allowed = [
    "get /secrets ns/secret-a",
    "watch /secrets ns/env-a",
    "get /configmaps ns/config-a",
    "get /persistentvolumeclaims ns/claim-a",
    "get /persistentvolumes /pv-a",
    "get /secrets storage/stage",
    "create /serviceaccounts/token ns/sa-a",
    "get /serviceaccounts ns/sa-a",
    "get /pods ns/a",
    "get /nodes /n1",
    "patch /nodes/status /n1",
    "update coordination.k8s.io/leases kube-node-lease/n1",
    "create storage.k8s.io/csinodes",
    "list /services",
    "create /events ns/",
    "patch /pods/status ns/a",
  ];
  for (const request of allowed) assert.equal(ask(request).decision, "Allow", request);
});

test("a node may have nothing of other nodes', and is told why", async () => {
  const { ask } = await world();
  const unrelated = "no relationship found between node 'n1' and this object";
  const denied: [string, string][] = [
    ["get /secrets ns/secret-b", unrelated],
    ["get /secrets ns/unknown", unrelated],
    ["list /secrets ns/", "No Object name found"],
    ["list /secrets", "can only read namespaced object of this type"],
    ["delete /secrets ns/secret-a", "can only read resources of this type"],
    ["list /persistentvolumes", "can only get individual resources of this type"],
    ["create /serviceaccounts/token ns/sa-b", unrelated],
    ["list /serviceaccounts ns/sa-a", "can only create tokens for individual service accounts"],
    ["get /serviceaccounts ns/sa-b", unrelated],
    ["get /nodes /n2", "node 'n1' cannot read 'n2', only its own Node object"],
    ["list /nodes", "node 'n1' cannot read all nodes, only its own Node object"],
    ["list /pods", "can only list/watch pods with spec.nodeName field selector"],
    [
      "get coordination.k8s.io/leases kube-node-lease/n2",
      "can only access node lease with the same name as the requesting node",
    ],
    [
      "get coordination.k8s.io/leases kube-system/x",
      'can only access leases in the "kube-node-lease" system namespace',
    ],
    ["delete apps/deployments ns/x", ""],
  ];
  for (const [request, reason] of denied) assert.deepEqual(ask(request), { decision: "NoOpinion", reason }, request);
  assert.equal(ask("list /pods", { fieldSelector: parseFieldSelector("spec.nodeName=n1") }).decision, "Allow");
  assert.equal(ask("list /pods", { fieldSelector: parseFieldSelector("spec.nodeName=n2") }).decision, "NoOpinion");
  assert.equal(ask("get /nodes /n1", { user: { name: "alice", groups: [] } }).decision, "NoOpinion");
});

test("what a pod lent is gone with it, unless another pod lends it too", async () => {
  const { reader, ask } = await world();
  reader.put(pods, pod("a2", "n1", { volumes: [{ name: "s", secret: { secretName: "secret-a" } }] }));
  reader.remove(pods, "ns", "a");
  assert.equal(ask("get /secrets ns/secret-a").decision, "Allow");
  assert.equal(ask("get /persistentvolumes /pv-a").decision, "NoOpinion");
  reader.remove(pods, "ns", "a2");
  assert.equal(ask("get /secrets ns/secret-a").decision, "NoOpinion");
});

test("a mirror pod opens no doors to the node that made it", async () => {
  const { reader, ask } = await world();
  const mirror = pod("m", "n1");
  reader.put(pods, {
    ...mirror,
    metadata: { ...mirror.metadata, annotations: { "kubernetes.io/config.mirror": "x" } },
  });
  assert.equal(ask("get /secrets ns/secret-m").decision, "NoOpinion");
  assert.equal(ask("get /pods ns/m").decision, "Allow");
});
