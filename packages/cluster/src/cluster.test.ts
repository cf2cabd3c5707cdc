import assert from "node:assert/strict";
import { test } from "node:test";
import { componentStatuses, type Deployment, deployments, isNodeReady, nodes, type Pod, pods } from "@kubets/api";
import { Cluster } from "./cluster.ts";

const web: Deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 6,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "web", image: "web:1" }] } },
  },
};

test("a cluster in this process runs a Deployment on simulated nodes", { timeout: 30_000 }, async () => {
  await using cluster = await Cluster.start({ simulatedNodes: 3 });
  const ready = new Set<string | undefined>();
  for await (const event of cluster.client.resource(nodes).watch({ signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
    if (isNodeReady(event.object)) ready.add(event.object.metadata?.name);
    if (ready.size === 3) break;
  }
  assert.deepEqual([...ready].sort(), ["simulated-0", "simulated-1", "simulated-2"]);
  const inDefault = cluster.client.resource(pods).namespace("default");
  await cluster.client.resource(deployments).namespace("default").create(web);
  const running = new Map<string, Pod>();
  for await (const event of inDefault.watch({ signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "ERROR" || event.type === "BOOKMARK" || event.object.status?.phase !== "Running") continue;
    running.set(event.object.metadata?.name ?? "", event.object);
    if (running.size === 6) break;
  }
  for (const pod of running.values()) assert.ok(ready.has(pod.spec?.nodeName));
  const addresses = [...running.values()].map((pod) => pod.status?.podIP);
  assert.equal(new Set(addresses).size, 6, `${addresses}`);
});

test("a cluster that does not listen has no kubeconfig", async () => {
  await using cluster = await Cluster.start();
  assert.throws(() => cluster.kubeconfig, /listen: true/);
});

test("component statuses tell how the parts are", { timeout: 30_000 }, async () => {
  await using cluster = await Cluster.start();
  const healthy = async () => {
    const { items } = await cluster.client.resource(componentStatuses).list();
    return items.filter((item) => item.conditions?.[0]?.status === "True").map((item) => item.metadata?.name);
  };
  while ((await healthy()).length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual((await healthy()).sort(), ["controller-manager", "etcd-0", "scheduler"]);
});
