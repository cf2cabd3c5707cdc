import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  cronJobs,
  type Deployment,
  daemonSets,
  deployments,
  endpointSlices,
  jobs,
  type Node,
  namespaces,
  nodes,
  podDisruptionBudgets,
  pods,
  replicationControllers,
  resourceQuotas,
  services,
  statefulSets,
} from "@kubets/api";
import { formatTime, isNotFound, realClock } from "@kubets/apimachinery";
import { defaultControllers } from "./default-controllers.ts";
import { startHarness } from "./testing/harness.ts";

suite("all controllers together", { timeout: 60_000 }, () => {
  test("a Deployment behind a Service lives, rolls, and goes with its namespace; then all is quiet", async (t) => {
    const controllers = defaultControllers({
      rootCA: "CA",
      signToken: async () => "token",
      nodeIpam: { clusterCIDRs: ["10.244.0.0/16"] },
    });
    const harness = await startHarness(controllers);
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    const now = formatTime(realClock.now());
    const node: Node = { metadata: { name: "n", labels: { "kubernetes.io/os": "linux" } } };
    await client.resource(nodes).create(node);
    const status = { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now }] };
    await client.resource(nodes).patch("n", "application/merge-patch+json", { status }, { subresource: "status" });
    await client.resource(namespaces).create({ metadata: { name: "app" } });
    const labels = { app: "web" };
    const web: Deployment = {
      metadata: { name: "web", namespace: "app" },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { nodeName: "n", containers: [{ name: "c", image: "web:1" }] } },
      },
    };
    await client.resource(deployments).create(web);
    const spec = { selector: labels, ports: [{ port: 80 }] };
    await client.resource(services).create({ metadata: { name: "web", namespace: "app" }, spec });
    const ready = async () =>
      (await client.resource(deployments).namespace("app").get("web")).status?.availableReplicas === 3;
    await eventually(ready, "three replicas");
    const slices = client.resource(endpointSlices).namespace("app");
    await eventually(async () => (await slices.list()).items[0]?.endpoints?.length === 3, "three endpoints");
    assert.deepEqual((await client.resource(nodes).get("n")).spec?.podCIDRs, ["10.244.0.0/24"]);
    const image = { spec: { template: { spec: { containers: [{ name: "c", image: "web:2" }] } } } };
    await client.resource(deployments).namespace("app").patch("web", "application/strategic-merge-patch+json", image);
    const rolled = async () => {
      const { items } = await client.resource(pods).namespace("app").list();
      return items.length === 3 && items.every((pod) => pod.spec?.containers[0]?.image === "web:2") && (await ready());
    };
    await eventually(rolled, "the new image everywhere");
    await client.resource(deployments).namespace("app").delete("web", { propagationPolicy: "Background" });
    await eventually(async () => (await client.resource(pods).namespace("app").list()).items.length === 0, "no pods");
    await client.resource(namespaces).delete("app");
    await eventually(
      () =>
        client
          .resource(namespaces)
          .get("app")
          .then(() => false, isNotFound),
      "the namespace to be gone",
    );
    await harness.quiet();
    const count = harness.api.requests.length;
    await realClock.sleep(1500);
    assert.deepEqual(harness.api.requests.slice(count), [], "idle means idle");
  });

  test("one of every workload, and not a request more than they need", async (t) => {
    const harness = await startHarness(defaultControllers({ rootCA: "CA" }));
    t.after(() => harness.stop());
    const { client } = harness;
    const now = formatTime(realClock.now());
    const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now }];
    await client.resource(nodes).create({ metadata: { name: "n" } });
    await client
      .resource(nodes)
      .patch("n", "application/merge-patch+json", { status: { conditions } }, { subresource: "status" });
    const parts = (app: string) => ({
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app } }, spec: { containers: [{ name: "c", image: "i" }] } },
    });
    const metadata = (name: string) => ({ name, namespace: "y" });
    const once = { spec: { containers: [{ name: "c", image: "i" }], restartPolicy: "Never" } };
    await client.resource(daemonSets).create({ metadata: metadata("ds"), spec: parts("ds") });
    await client
      .resource(statefulSets)
      .create({ metadata: metadata("sts"), spec: { ...parts("sts"), replicas: 2, serviceName: "sts" } });
    await client.resource(deployments).create({ metadata: metadata("web"), spec: { ...parts("web"), replicas: 2 } });
    const rc = { selector: { app: "rc" }, template: parts("rc").template };
    await client.resource(replicationControllers).create({ metadata: metadata("rc"), spec: rc });
    await client.resource(jobs).create({ metadata: metadata("job"), spec: { template: once } });
    await client.resource(jobs).create({ metadata: metadata("held"), spec: { template: once, suspend: true } });
    await client.resource(cronJobs).create({
      metadata: metadata("cron"),
      spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: once } } },
    });
    await client
      .resource(podDisruptionBudgets)
      .create({ metadata: metadata("pdb"), spec: { selector: parts("web").selector, minAvailable: 1 } });
    await client.resource(resourceQuotas).create({ metadata: metadata("quota"), spec: { hard: { pods: "20" } } });
    const headless = { clusterIP: "None", selector: { app: "sts" }, ports: [{ port: 80 }] };
    await client.resource(services).create({ metadata: metadata("sts"), spec: headless });
    await harness.quiet();
    await harness.eventually(async () => (await harness.pods("y")).length === 7, "all pods");
    await harness.quiet();
    const count = harness.api.requests.length;
    await realClock.sleep(1500);
    assert.deepEqual(harness.api.requests.slice(count), []);
    assert.ok(count < 450, `${count} requests are more than this needs`);
  });
});
