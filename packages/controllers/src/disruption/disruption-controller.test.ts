import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deployments, podDisruptionBudgets, pods } from "@kubets/api";
import { deploymentController } from "../deployment/deployment-controller.ts";
import { replicaSetController } from "../replicaset/definition.ts";
import { startHarness } from "../testing/harness.ts";
import { disruptionController } from "./disruption-controller.ts";

suite("a PodDisruptionBudget", { timeout: 20_000 }, () => {
  test("allows as many evictions as its pods can spare", async (t) => {
    const harness = await startHarness([deploymentController, replicaSetController, disruptionController]);
    t.after(() => harness.stop());
    const labels = { app: "web" };
    const selector = { matchLabels: labels };
    const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
    await harness.client
      .resource(deployments)
      .create({ metadata: { name: "web", namespace: "x" }, spec: { replicas: 4, selector, template } });
    const budgets = harness.client.resource(podDisruptionBudgets).namespace("x");
    await budgets.create({ metadata: { name: "min" }, spec: { selector, minAvailable: 3 } });
    await budgets.create({ metadata: { name: "max" }, spec: { selector, maxUnavailable: "50%" } });
    await harness.quiet();
    const status = async (name: string) => {
      const found = (await budgets.get(name)).status;
      return [found?.disruptionsAllowed, found?.currentHealthy, found?.desiredHealthy, found?.expectedPods];
    };
    assert.deepEqual(await status("min"), [1, 4, 3, 4]);
    assert.deepEqual(await status("max"), [2, 4, 2, 4]);
    const [condition] = (await budgets.get("min")).status?.conditions ?? [];
    assert.deepEqual(
      [condition?.type, condition?.status, condition?.reason],
      ["DisruptionAllowed", "True", "SufficientPods"],
    );
    const [pod] = await harness.pods("x");
    assert.ok(pod);
    const notReady = { status: { conditions: [{ type: "Ready", status: "False" }] } };
    await harness.client
      .resource(pods)
      .namespace("x")
      .patch(pod.metadata?.name ?? "", "application/merge-patch+json", notReady, { subresource: "status" });
    await harness.quiet();
    assert.deepEqual(await status("min"), [0, 3, 3, 4]);
  });
});
