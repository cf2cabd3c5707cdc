import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { ensureClusterCertificates } from "../../certificates/cluster-certificates.ts";
import { createKubeApiServer } from "../../kube-apiserver.ts";
import { requestOf } from "../../testing/server.ts";

const user = { name: "root", groups: ["system:masters"] };

test("a webhook that is broken, and meant for everything, does not keep a server from starting again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-start-"));
  const base = { clock: realClock, random: realRandom, logger: silentLogger };
  const store = memoryStore();
  const options = {
    store,
    certificates: await ensureClusterCertificates({ directory, ...base, dnsNames: [], ipAddresses: ["127.0.0.1"] }),
    serviceCIDR: "10.96.0.0/16",
    clusterDomain: "cluster.local",
    advertiseAddress: "10.0.0.1",
    ...base,
  };
  const whileRunning = async (
    body: (ask: (method: string, url: string, body?: unknown) => Promise<number>) => Promise<void>,
  ) => {
    const stop = new AbortController();
    const { server } = await createKubeApiServer(options, stop.signal);
    const running = server.start(stop.signal);
    try {
      await Promise.race([server.ready, running]);
      await body(async (method, url, sent) => (await server.handle({ ...requestOf(method, url, sent), user })).status);
    } finally {
      stop.abort();
      await running;
    }
  };
  const webhooks = [
    {
      name: "broken.example.com",
      clientConfig: { url: "https://127.0.0.1:1/" },
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }],
    },
  ];
  const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  try {
    await whileRunning(async (ask) => {
      assert.equal(await ask("POST", configurations, { metadata: { name: "x" }, webhooks }), 201);
      assert.equal(await ask("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps"), 500);
    });
    // What the next start has to write.
    await store.commit({
      key: "/registry/apiregistration.k8s.io/apiservices/v1.apps",
      expectedRevision: (await store.get("/registry/apiregistration.k8s.io/apiservices/v1.apps"))!.modRevision,
      value: undefined,
    });
    await whileRunning(async (ask) => {
      assert.equal(await ask("GET", "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps"), 200);
      assert.equal(await ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } }), 500);
      assert.equal(await ask("DELETE", `${configurations}/x`), 200);
      assert.equal(await ask("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } }), 201);
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
