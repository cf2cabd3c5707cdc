import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { configMaps, deployments, pods, resourceQuotas, services } from "@kubets/api";
import { quotaEvaluatorOf } from "@kubets/api/quota";
import { startHarness } from "../testing/harness.ts";
import { resourceQuotaController } from "./resourcequota-controller.ts";

suite("a ResourceQuota", { timeout: 20_000 }, () => {
  test("shows what is used of it, as it changes", async (t) => {
    const harness = await startHarness([resourceQuotaController]);
    t.after(() => harness.stop());
    const { client } = harness;
    const quotas = client.resource(resourceQuotas).namespace("x");
    const hard = {
      pods: "10",
      "requests.cpu": "4",
      "limits.memory": "8Gi",
      services: "5",
      "services.nodeports": "2",
      "count/deployments.apps": "3",
    };
    const resources = { requests: { cpu: "250m" }, limits: { memory: "1Gi" } };
    const inX = client.resource(pods).namespace("x");
    await inX.create({ metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "i", resources }] } });
    await inX.create({ metadata: { name: "b" }, spec: { containers: [{ name: "c", image: "i" }] } });
    await client
      .resource(pods)
      .namespace("y")
      .create({ metadata: { name: "other" }, spec: { containers: [{ name: "c", image: "i" }] } });
    await client
      .resource(services)
      .namespace("x")
      .create({ metadata: { name: "s" }, spec: { type: "NodePort", ports: [{ port: 80 }] } });
    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
    await client
      .resource(deployments)
      .namespace("x")
      .create({ metadata: { name: "d" }, spec: { selector: { matchLabels: { a: "b" } }, template } });
    await client
      .resource(configMaps)
      .namespace("x")
      .create({ metadata: { name: "not-counted" } });
    // Admission, which charges what is made after a quota, does not run here: so the quotas come last.
    await quotas.create({ metadata: { name: "all" }, spec: { hard } });
    await quotas.create({ metadata: { name: "best" }, spec: { hard: { pods: "5" }, scopes: ["BestEffort"] } });
    const used = async (name: string) => (await quotas.get(name)).status?.used;
    const want = {
      pods: "2",
      "requests.cpu": "250m",
      "limits.memory": "1Gi",
      services: "1",
      "services.nodeports": "1",
      "count/deployments.apps": "1",
    };
    await harness.eventually(async () => (await used("all"))?.["count/deployments.apps"] === "1", "the Deployment");
    await harness.quiet();
    await harness.quiet();
    assert.deepEqual(await used("all"), want);
    assert.deepEqual(await used("best"), { pods: "1" });
    await inX.delete("a");
    await harness.eventually(async () => (await used("all"))?.pods === "1", "one pod less");
    assert.equal((await used("all"))?.["requests.cpu"], "0");
  });
});

test("what a name counts", () => {
  const table: [string, string | undefined][] = [
    ["count/deployments.apps", "deployments/apps"],
    ["count/pods", "pods/"],
    ["requests.nvidia.com/gpu", "pods/"],
    ["requests.storage", "persistentvolumeclaims/"],
    ["gold.storageclass.storage.k8s.io/requests.storage", "persistentvolumeclaims/"],
    ["nonsense", undefined],
  ];
  for (const [name, want] of table) {
    const found = quotaEvaluatorOf(name);
    assert.equal(found && `${found.plural}/${found.group}`, want, name);
  }
});
