import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { ensureClusterCertificates } from "../../certificates/cluster-certificates.ts";
import { createKubeApiServer } from "../../kube-apiserver.ts";
import type { ApiServer } from "../../server.ts";
import { hookServer } from "../../testing/hook-server.ts";
import { type Reply, requestOf } from "../../testing/server.ts";

const user = { name: "root", groups: ["system:masters"] };

async function ask(server: ApiServer, method: string, url: string, body?: unknown): Promise<Reply> {
  const { status, headers, body: answered } = await server.handle({ ...requestOf(method, url, body), user });
  const text = answered.type === "bytes" ? Buffer.from(answered.bytes).toString() : "";
  return { status, headers, text, json: text.startsWith("{") ? JSON.parse(text) : undefined };
}

const group = "custom.example.com";
const version = (name: string, storage: boolean) => ({
  name,
  served: true,
  storage,
  schema: {
    openAPIV3Schema: {
      type: "object",
      properties: {
        spec: {
          type: "object",
          properties: { size: { type: "integer" }, colour: { type: "string", default: "red" } },
        },
      },
    },
  },
});

test("custom resources are shown in the version that a webhook knows, patched, pruned and given defaults", async () => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-hooks-"));
  const certificates = await ensureClusterCertificates({
    directory,
    clock: realClock,
    dnsNames: [],
    ipAddresses: ["127.0.0.1"],
  });
  const stop = new AbortController();
  const asked: { kind: { version: string }; object: { apiVersion: string } }[] = [];
  const hook = await hookServer((_request, body) => {
    const review = JSON.parse(body);
    asked.push(review.request);
    const operations = [
      { op: "add", path: "/spec/size", value: 7 },
      { op: "remove", path: "/spec/colour" },
      { op: "add", path: "/spec/unknown", value: true },
    ];
    const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
    const response = { uid: review.request.uid, allowed: true, patchType: "JSONPatch", patch };
    return { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response };
  });
  const base = { clock: realClock, random: realRandom, logger: silentLogger };
  const { server } = await createKubeApiServer(
    {
      store: memoryStore(),
      certificates,
      serviceCIDR: "10.96.0.0/16",
      clusterDomain: "cluster.local",
      advertiseAddress: "10.0.0.1",
      ...base,
    },
    stop.signal,
  );
  const running = server.start(stop.signal);
  try {
    await server.ready;
    const made = await ask(server, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: `things.${group}` },
      spec: {
        group,
        scope: "Cluster",
        names: { plural: "things", kind: "Thing" },
        versions: [version("v1", true), version("v2", false)],
      },
    });
    assert.equal(made.status, 201, made.text);
    const rules = [{ apiGroups: [group], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] }];
    const webhook = {
      name: "thing.example.com",
      clientConfig: { url: hook.url("/"), caBundle: hook.caBundle },
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      rules,
    };
    const configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
    const configured = await ask(server, "POST", configurations, { metadata: { name: "x" }, webhooks: [webhook] });
    assert.equal(configured.status, 201, configured.text);
    let created = await ask(server, "GET", "/");
    for (let i = 0; i < 2000; i++) {
      const thing = { apiVersion: `${group}/v2`, kind: "Thing", metadata: { name: "t" }, spec: { size: 1 } };
      created = await ask(server, "POST", `/apis/${group}/v2/things`, thing);
      if (created.status !== 404) break;
      await realClock.sleep(10);
    }
    assert.equal(created.status, 201, created.text);
    assert.deepEqual(created.json.spec, { size: 7, colour: "red" });
    assert.equal(created.json.apiVersion, `${group}/v2`);
    assert.deepEqual([asked[0]?.kind.version, asked[0]?.object.apiVersion], ["v1", `${group}/v1`]);
  } finally {
    stop.abort();
    hook.close();
    await running;
    rmSync(directory, { recursive: true, force: true });
  }
});
