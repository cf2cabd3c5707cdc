/** The official JavaScript client, over HTTPS. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";
import { startCluster } from "../harness/cluster.ts";
import { eventually } from "../harness/eventually.ts";

const namespace = "default";

function configMap(name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): V1ConfigMap {
  return { metadata: { name, labels }, data };
}

test("the official JavaScript client works", { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t);
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const apps = config.makeApiClient(AppsV1Api);

  await t.test("version and what one may do", async () => {
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode();
    assert.match(gitVersion, /^v1\.36\./);
    const review = { spec: { resourceAttributes: { verb: "create", resource: "pods", namespace } } };
    const { status } = await config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({ body: review });
    assert.equal(status?.allowed, true);
  });

  await t.test("create, read, replace, delete", async () => {
    const made = await core.createNamespacedConfigMap({ namespace, body: configMap("a", { x: "1" }) });
    assert.ok(made.metadata?.uid);
    assert.ok(made.metadata?.creationTimestamp instanceof Date);
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: "a",
      body: { ...made, data: { x: "2" } },
    });
    assert.notEqual(replaced.metadata?.resourceVersion, made.metadata?.resourceVersion);
    await assert.rejects(
      core.replaceNamespacedConfigMap({ namespace, name: "a", body: made }),
      isStatus(409, "Conflict"),
    );
    await core.deleteNamespacedConfigMap({ namespace, name: "a" });
    await assert.rejects(core.readNamespacedConfigMap({ namespace, name: "a" }), isStatus(404, "NotFound"));
  });

  await t.test("list in pages, by label and field", async () => {
    for (let i = 0; i < 5; i++)
      await core.createNamespacedConfigMap({
        namespace,
        body: configMap(`page-${i}`, {}, { page: i % 2 ? "odd" : "even" }),
      });
    const names: string[] = [];
    let next: string | undefined;
    do {
      const labelSelector = "page";
      const page = await core.listNamespacedConfigMap({
        namespace,
        labelSelector,
        limit: 2,
        ...(next ? { _continue: next } : {}),
      });
      names.push(...page.items.map((item) => item.metadata?.name ?? ""));
      next = page.metadata?._continue;
    } while (next);
    assert.deepEqual(names, ["page-0", "page-1", "page-2", "page-3", "page-4"]);
    const odd = await core.listConfigMapForAllNamespaces({ labelSelector: "page=odd" });
    assert.equal(odd.items.length, 2);
    const one = await core.listNamespacedConfigMap({ namespace, fieldSelector: "metadata.name=page-3" });
    assert.equal(one.items.length, 1);
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: "page" });
    assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: "page" })).items.length, 0);
  });

  await t.test("patch in four ways", async () => {
    const labels = { app: "web" };
    const template = { metadata: { labels }, spec: { containers: [{ name: "web", image: "web:1" }] } };
    const spec = { replicas: 0, selector: { matchLabels: labels }, template };
    await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: "web" }, spec } });
    const patch = (body: object, strategy: PatchStrategy, more: object = {}) =>
      apps.patchNamespacedDeployment(
        { namespace, name: "web", body, ...more },
        setHeaderOptions("Content-Type", strategy),
      );
    const containers = (...list: object[]) => ({ spec: { template: { spec: { containers: list } } } });
    const strategic = await patch(containers({ name: "side", image: "side:1" }), PatchStrategy.StrategicMergePatch);
    assert.equal(strategic.spec?.template.spec?.containers.length, 2);
    const merged = await patch(containers({ name: "web", image: "web:2" }), PatchStrategy.MergePatch);
    assert.deepEqual(
      merged.spec?.template.spec?.containers.map((c) => c.image),
      ["web:2"],
    );
    const operations = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "web:3" }];
    const json = await patch(operations, PatchStrategy.JsonPatch);
    assert.equal(json.spec?.template.spec?.containers[0]?.image, "web:3");
    const applied = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web" },
      spec: { minReadySeconds: 5 },
    };
    const server = await patch(applied, PatchStrategy.ServerSideApply, { fieldManager: "js", force: true });
    assert.equal(server.spec?.minReadySeconds, 5);
    assert.ok(server.metadata?.managedFields?.some((entry) => entry.manager === "js" && entry.operation === "Apply"));
  });

  await t.test("watch", async () => {
    const events: string[] = [];
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const query = { resourceVersion: metadata?.resourceVersion ?? "", labelSelector: "watched" };
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      query,
      (phase, object: V1ConfigMap) => events.push(`${phase} ${object.metadata?.name} ${object.data?.["n"] ?? ""}`),
      () => undefined,
    );
    await core.createNamespacedConfigMap({ namespace, body: configMap("w", { n: "1" }, { watched: "yes" }) });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: "w",
      body: configMap("w", { n: "2" }, { watched: "yes" }),
    });
    await core.replaceNamespacedConfigMap({ namespace, name: "w", body: configMap("w", { n: "3" }) });
    await core.deleteNamespacedConfigMap({ namespace, name: "w" });
    // Losing the label is leaving the watch.
    await eventually(() => events.length >= 3, { what: `three events, not ${events}` });
    watching.abort();
    assert.deepEqual(
      events.map((event) => event.split(" ").slice(0, 2).join(" ")),
      ["ADDED w", "MODIFIED w", "DELETED w"],
    );
  });

  await t.test("informer", async () => {
    await core.createNamespacedConfigMap({ namespace, body: configMap("before", {}, { informed: "yes" }) });
    const seen: string[] = [];
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      () => core.listNamespacedConfigMap({ namespace, labelSelector: "informed" }),
      "informed",
    );
    for (const event of ["add", "update", "delete"] as const)
      informer.on(event, (object) => seen.push(`${event} ${object.metadata?.name}`));
    informer.on("error", (error) => seen.push(`error ${error}`));
    await informer.start();
    await core.createNamespacedConfigMap({ namespace, body: configMap("after", {}, { informed: "yes" }) });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: "after",
      body: configMap("after", { a: "1" }, { informed: "yes" }),
    });
    await core.deleteNamespacedConfigMap({ namespace, name: "before" });
    await eventually(() => seen.length >= 4, { what: `four events, not ${seen}` });
    assert.deepEqual(seen, ["add before", "add after", "update after", "delete before"]);
    assert.deepEqual(
      informer.list().map((object) => object.metadata?.name),
      ["after"],
    );
    await informer.stop();
  });

  await t.test("objects of any kind, found by discovery", async () => {
    const any = KubernetesObjectApi.makeApiClient(config);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace }, stringData: { a: "b" } };
    await any.create(secret);
    const read = (await any.read(secret)) as { data?: Record<string, string> };
    assert.equal(read.data?.["a"], "Yg==");
    const leases = { group: "coordination.k8s.io", version: "v1", plural: "leases", namespace };
    await config.makeApiClient(CustomObjectsApi).createNamespacedCustomObject({
      ...leases,
      body: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "l" },
        spec: { holderIdentity: "me" },
      },
    });
    const lease = (await config
      .makeApiClient(CustomObjectsApi)
      .getNamespacedCustomObject({ ...leases, name: "l" })) as {
      spec: { holderIdentity: string };
    };
    assert.equal(lease.spec.holderIdentity, "me");
  });

  await t.test("an invalid object is refused with its causes", async () => {
    const body = { metadata: { name: "bad" }, spec: { containers: [{ name: "Bad_Name", image: "" }] } };
    await assert.rejects(core.createNamespacedPod({ namespace, body }), (error) => {
      assert.ok(error instanceof ApiException);
      assert.equal(error.code, 422);
      const { reason, details } = JSON.parse(error.body as string) as {
        reason: string;
        details: { causes: { field: string }[] };
      };
      assert.equal(reason, "Invalid");
      assert.deepEqual(
        details.causes.map((cause) => cause.field),
        ["spec.containers[0].name", "spec.containers[0].image"],
      );
      return true;
    });
  });
});

function isStatus(code: number, reason: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ApiException);
    assert.equal(error.code, code);
    assert.equal((JSON.parse(error.body as string) as { reason: string }).reason, reason);
    return true;
  };
}
