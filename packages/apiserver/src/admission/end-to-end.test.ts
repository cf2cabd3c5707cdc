import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterServer, withClusterServer } from "../testing/cluster-server.ts";

type Ask = ClusterServer["ask"];

const ns = "/api/v1/namespaces/x";

async function namespaceOf(ask: Ask, labels: Record<string, string> = {}): Promise<void> {
  assert.equal((await ask("POST", "/api/v1/namespaces", { metadata: { name: "x", labels } })).status, 201);
  assert.equal((await ask("POST", `${ns}/serviceaccounts`, { metadata: { name: "default" } })).status, 201);
}

const pod = (name: string, securityContext?: object) => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i", ...(securityContext === undefined ? {} : { securityContext }) }] },
});

test("a quota is never exceeded, however many ask at once, and its status says what is used", () =>
  withClusterServer(async ({ ask }) => {
    await namespaceOf(ask);
    const quota = (name: string, hard: Record<string, string>) => ({ metadata: { name }, spec: { hard } });
    const counted = async (name: string, hard: Record<string, string>) => {
      const made = await ask("POST", `${ns}/resourcequotas`, quota(name, hard));
      const used = Object.fromEntries(Object.keys(hard).map((key) => [key, "0"]));
      // As the quota controller does, which does not run here.
      const status = { ...made.json, status: { hard, used } };
      assert.equal((await ask("PUT", `${ns}/resourcequotas/${name}/status`, status)).status, 200);
    };
    await counted("q", { pods: "3", "count/configmaps": "1" });
    await counted("r", { pods: "5" });
    assert.equal((await ask("POST", `${ns}/pods?dryRun=All`, pod("dry"))).status, 201);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask("POST", `${ns}/pods`, pod(`p${i}`))));
    assert.deepEqual(
      answers.map(({ status }) => status).sort(),
      [201, 201, 201, 403, 403, 403, 403, 403, 403, 403, 403, 403],
    );
    const refused = answers.find(({ status }) => status === 403);
    assert.match(
      refused?.json.message,
      /^pods "p\d+" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3$/,
    );
    const present = (await ask("GET", `${ns}/resourcequotas/q`)).json;
    assert.deepEqual(present.status.used, { "count/configmaps": "0", pods: "3" });
    const writer = present.metadata.managedFields.find(
      (entry: { manager: string }) => entry.manager === "kube-apiserver",
    );
    assert.equal(writer.subresource, "status");
    assert.equal((await ask("GET", `${ns}/resourcequotas/r`)).json.status.used.pods, "3");
    assert.equal((await ask("POST", `${ns}/configmaps`, { metadata: { name: "a" } })).status, 201);
    assert.equal((await ask("POST", `${ns}/configmaps`, { metadata: { name: "b" } })).status, 403);
  }));

test("pod security refuses, warns, and tells of pods that are there", () =>
  withClusterServer(async ({ ask }) => {
    await namespaceOf(ask);
    assert.equal((await ask("POST", `${ns}/pods`, pod("old", { privileged: true }))).status, 201);
    const label = (level: string) =>
      ask(
        "PATCH",
        `${ns}?dryRun=All`,
        { metadata: { labels: { "pod-security.kubernetes.io/enforce": level } } },
        { headers: { "content-type": "application/merge-patch+json" } },
      );
    assert.deepEqual((await label("baseline")).headers["warning"], [
      '299 - "existing pods in namespace \\"x\\" violate the new PodSecurity enforce level \\"baseline:latest\\""',
      '299 - "old: privileged"',
    ]);
    const wrong = await label("strict");
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.details.causes[0].field, "metadata.labels[pod-security.kubernetes.io/enforce]");
    const restricted = { metadata: { labels: { "pod-security.kubernetes.io/enforce": "baseline" } } };
    await ask("PATCH", ns, restricted, { headers: { "content-type": "application/merge-patch+json" } });
    const refused = await ask("POST", `${ns}/pods`, pod("new", { privileged: true }));
    assert.equal(
      refused.json.message,
      'pods "new" is forbidden: violates PodSecurity "baseline:latest": privileged (container "c" must not set securityContext.privileged=true)',
    );
  }));

test("plugins are chosen by name; a namespace that goes takes nothing new", () =>
  withClusterServer(
    async ({ ask }) => {
      await namespaceOf(ask);
      const service = { metadata: { name: "s" }, spec: { ports: [{ port: 1 }], externalIPs: ["192.0.2.1"] } };
      assert.equal((await ask("POST", `${ns}/services`, service)).status, 403);
      const made = await ask("POST", `${ns}/pods`, pod("p"));
      assert.deepEqual([made.status, made.json.spec.volumes], [201, undefined]);
      await ask("DELETE", ns);
      const late = await ask("POST", `${ns}/configmaps`, { metadata: { name: "late" } });
      assert.equal(late.status, 403);
      assert.deepEqual(late.json.details.causes, [
        { reason: "NamespaceTerminating", message: "namespace x is being terminated", field: "metadata.namespace" },
      ]);
      assert.equal((await ask("DELETE", "/api/v1/namespaces/kube-system")).status, 403);
      const nowhere = await ask("POST", "/api/v1/namespaces/no/configmaps", { metadata: { name: "a" } });
      assert.equal(nowhere.json.message, 'namespaces "no" not found');
    },
    { admission: { enable: ["DenyServiceExternalIPs"], disable: ["ServiceAccount"] } },
  ));
