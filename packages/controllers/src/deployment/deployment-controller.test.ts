import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type Deployment, deployments, type ReplicaSet, replicaSets } from "@kubets/api";
import { replicaSetController } from "../replicaset/definition.ts";
import { type Harness, startHarness } from "../testing/harness.ts";
import { deploymentController } from "./deployment-controller.ts";

let harness: Harness;
before(async () => {
  harness = await startHarness([deploymentController, replicaSetController]);
});
after(() => harness.stop());

function web(name: string, replicas: number, extra: Partial<NonNullable<Deployment["spec"]>> = {}): Deployment {
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image: "web:1" }] } };
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
  const spec = {
    replicas,
    selector: { matchLabels: { app: name } },
    template,
    strategy,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  };
  return { metadata: { name, namespace: "x" }, spec: { ...spec, ...extra } };
}

const client = () => harness.client.resource(deployments).namespace("x");

async function change(name: string, patch: object): Promise<void> {
  await client().patch(name, "application/merge-patch+json", patch);
}

const setImage = (name: string, image: string) =>
  change(name, { spec: { template: { spec: { containers: [{ name: "web", image }] } } } });

async function setsOf(name: string): Promise<ReplicaSet[]> {
  const { items } = await harness.client
    .resource(replicaSets)
    .namespace("x")
    .list({ labelSelector: `app=${name}` });
  return items;
}

function complete(name: string, replicas: number, revision: string) {
  return harness.eventually(async () => {
    const found = await client().get(name);
    const { status, metadata } = found;
    const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
    const counts = [status?.replicas ?? 0, status?.updatedReplicas ?? 0, status?.availableReplicas ?? 0];
    const done = counts.every((count) => count === replicas) && progressing?.reason === "NewReplicaSetAvailable";
    return done &&
      status?.observedGeneration === metadata?.generation &&
      metadata?.annotations?.["deployment.kubernetes.io/revision"] === revision
      ? found
      : undefined;
  }, `${name} to be complete at revision ${revision}`);
}

const messages = async (name: string) =>
  (await harness.events("x"))
    .filter((event) => event.involvedObject?.name === name)
    .map((event) => event.message ?? "");

suite("a Deployment", { timeout: 60_000 }, () => {
  test("adopts a set and goes on from its revision, however large", async () => {
    const { template } = web("mine", 1).spec ?? {};
    const labels = { app: "mine", pod: "old" };
    await harness.client
      .resource(replicaSets)
      .namespace("x")
      .create({
        metadata: {
          name: "old",
          labels,
          annotations: { "deployment.kubernetes.io/revision": "3546343826724305832" },
        },
        spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
      } as ReplicaSet);
    await client().create(web("mine", 1));
    await complete("mine", 1, "3546343826724305833");
  });

  test("is created, rolled, undone and scaled", async () => {
    await client().create(web("web", 3));
    const first = await complete("web", 3, "1");
    assert.equal(first.status?.unavailableReplicas, undefined);
    const [set] = await setsOf("web");
    assert.match(set?.metadata?.name ?? "", /^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
    assert.equal(set?.metadata?.annotations?.["deployment.kubernetes.io/max-replicas"], "4");
    await setImage("web", "web:2");
    await complete("web", 3, "2");
    assert.equal((await harness.pods("x")).filter((pod) => pod.spec?.containers[0]?.image === "web:2").length, 3);
    await setImage("web", "web:1");
    await complete("web", 3, "3");
    const sets = await setsOf("web");
    assert.equal(sets.length, 2);
    const back = sets.find(({ metadata }) => metadata?.name === set?.metadata?.name);
    assert.equal(back?.metadata?.annotations?.["deployment.kubernetes.io/revision-history"], "1");
    await change("web", { spec: { replicas: 5 } });
    await complete("web", 5, "3");
    await change("web", { spec: { replicas: 0 } });
    await harness.eventually(async () => ((await client().get("web")).status?.replicas ?? 0) === 0, "zero");
    await harness.quiet();
    const said = await messages("web");
    assert.equal(said[0], `Scaled up replica set ${set?.metadata?.name} from 0 to 3`);
    assert.ok(said.some((message) => message.endsWith(`Scaled down replica set ${set?.metadata?.name} from 5 to 0`)));
    const events = await harness.events("x");
    assert.ok(
      events.some(({ reason, message }) => reason === "SuccessfulCreate" && message?.startsWith("Created pod: web-")),
    );
    assert.ok(
      events.some(({ reason, message }) => reason === "SuccessfulDelete" && message?.startsWith("Deleted pod: web-")),
    );
  });

  test("keeps to its surge and availability while rolling", async () => {
    await client().create(web("big", 8));
    await complete("big", 8, "1");
    const informer = harness.informers.informer(replicaSets);
    let most = 0;
    const stopWatching = informer.addHandler({
      update: () => {
        const wanted = informer.lister.list("x").filter(({ metadata }) => metadata?.labels?.app === "big");
        most = Math.max(
          most,
          wanted.reduce((sum, set) => sum + (set.spec?.replicas ?? 0), 0),
        );
      },
    });
    await setImage("big", "web:2");
    await complete("big", 8, "2");
    stopWatching();
    assert.ok(most <= 10, `at most 10 pods, saw ${most}`);
  });

  test("Recreate stops the old before it starts the new", async () => {
    await client().create(web("rec", 2, { strategy: { type: "Recreate" } }));
    await complete("rec", 2, "1");
    await setImage("rec", "web:2");
    await complete("rec", 2, "2");
    const said = (await messages("rec")).map((message) => message.replace(/rec-[^ ]+/, "rec"));
    const want = [
      "up replica set rec from 0 to 2",
      "down replica set rec from 2 to 0",
      "up replica set rec from 0 to 2",
    ];
    assert.deepEqual(
      said,
      want.map((text) => `Scaled ${text}`),
    );
  });

  test("a paused one does not roll, and old sets beyond the limit go", async () => {
    await client().create(web("hist", 1, { revisionHistoryLimit: 1 }));
    await complete("hist", 1, "1");
    await change("hist", { spec: { paused: true } });
    await setImage("hist", "web:2");
    await harness.eventually(async () => {
      const { status, metadata } = await client().get("hist");
      const reason = status?.conditions?.find(({ type }) => type === "Progressing")?.reason;
      return reason === "DeploymentPaused" && status?.observedGeneration === metadata?.generation;
    }, "paused");
    await harness.quiet();
    assert.equal((await setsOf("hist")).length, 1);
    await change("hist", { spec: { paused: null } });
    await complete("hist", 1, "2");
    await setImage("hist", "web:3");
    await complete("hist", 1, "3");
    await harness.eventually(async () => (await setsOf("hist")).length === 2, "one old set");
  });

  test("idle means idle", async () => {
    await harness.quiet();
    const before = harness.api.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(harness.api.requests.length, before);
  });
});
