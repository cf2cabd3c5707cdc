/** Admission webhooks and an aggregated API server, as a user of kubectl meets them. Both are HTTPS servers in this process. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { Pki } from "@kubets/apiserver/certificates";
import { cleanUp } from "../harness/clean-up.ts";
import { startCluster } from "../harness/cluster.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";
import { needs } from "../harness/needs.ts";

type Answer = (url: string, body: string, user: string) => object | undefined;

async function serve(t: TestContext, directory: string, answer: Answer): Promise<{ port: number; caBundle: string }> {
  const pki = new Pki({ directory, clock: realClock });
  const subject = { commonName: "server", usages: ["server"], ipAddresses: ["127.0.0.1"] } as const;
  const dnsNames = ["flunders.default.svc"];
  const { certificate, key } = await pki.certificate("server", { ...subject, dnsNames });
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const found = answer(request.url ?? "", body, String(request.headers["x-remote-user"] ?? ""));
      response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(found ?? {}));
    });
  });
  cleanUp(t, async () => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { certificate: ca } = await pki.authority("ca");
  return { port: (server.address() as AddressInfo).port, caBundle: Buffer.from(ca).toString("base64") };
}

function review(body: string): object {
  const { request, apiVersion } = JSON.parse(body);
  const forbidden = request.object.data?.forbidden !== undefined;
  const operations = [{ op: "add", path: "/data/mutated", value: "yes" }];
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  const response = forbidden
    ? { uid: request.uid, allowed: false, status: { message: "this key is not for you" } }
    : { uid: request.uid, allowed: true, patchType: "JSONPatch", patch, warnings: ["it was changed"] };
  return { kind: "AdmissionReview", apiVersion, response };
}

test("kubectl and webhooks, kubectl and an aggregated server", { timeout: 300_000 }, async (t) => {
  if (!(await needs(t, "kubectl"))) return;
  const { kubectl, dir } = await startCluster(t);
  const group = "wardle.example.com";
  const flunder = { apiVersion: `${group}/v1`, kind: "Flunder", metadata: { name: "f1", namespace: "default" } };
  const { port, caBundle } = await serve(t, join(dir, "hook-pki"), (url, body, user) => {
    if (url.startsWith("/admit")) return review(body);
    if (url.startsWith(`/apis/${group}/v1/namespaces/default/flunders`)) {
      const labelled = { ...flunder, metadata: { ...flunder.metadata, labels: { seenby: user } } };
      return { kind: "FlunderList", apiVersion: `${group}/v1`, metadata: {}, items: [labelled] };
    }
    if (url !== `/apis/${group}/v1`) return undefined;
    const verbs = ["get", "list"];
    const resources = [{ name: "flunders", singularName: "flunder", namespaced: true, kind: "Flunder", verbs }];
    return { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/v1`, resources };
  });

  await t.test("what a webhook changes, warns of and refuses", async () => {
    const webhook = {
      name: "mutate.example.com",
      clientConfig: { url: `https://127.0.0.1:${port}/admit`, caBundle },
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
      matchConditions: [{ name: "only-default", expression: "request.namespace == 'default'" }],
    };
    const kind = "MutatingWebhookConfiguration";
    const apiVersion = "admissionregistration.k8s.io/v1";
    const configuration = { apiVersion, kind, metadata: { name: "test" }, webhooks: [webhook] };
    await kubectl.given(JSON.stringify(configuration), "apply", "-f", "-");
    const { stderr } = await kubectl.try(["create", "configmap", "good", "--from-literal=a=b"]);
    assert.match(stderr, /Warning: it was changed/);
    assert.equal(await kubectl("get", "configmap", "good", "-o", "jsonpath={.data.mutated}"), "yes");
    assert.match(
      await kubectl.refused("create", "configmap", "bad", "--from-literal=forbidden=x"),
      /admission webhook "mutate.example.com" denied the request: this key is not for you/,
    );
    await kubectl("create", "configmap", "bad", "-n", "kube-public", "--from-literal=forbidden=x");
    await kubectl("delete", "mutatingwebhookconfiguration", "test");
    await kubectl("create", "configmap", "bad", "--from-literal=forbidden=x");
  });

  await t.test("an APIService hands its group to another server", async () => {
    await eventuallyMatching(() => kubectl("get", "apiservice", "v1.apps"), /v1.apps +Local +True/);
    const metadata = { name: "flunders", namespace: "default" };
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "ExternalName", externalName: "localhost" },
    };
    await kubectl.given(JSON.stringify(service), "apply", "-f", "-");
    const spec = {
      group,
      version: "v1",
      groupPriorityMinimum: 1500,
      versionPriority: 10,
      service: { ...metadata, port },
      caBundle,
    };
    const name = `v1.${group}`;
    const apiService = { apiVersion: "apiregistration.k8s.io/v1", kind: "APIService", metadata: { name }, spec };
    await kubectl.given(JSON.stringify(apiService), "apply", "-f", "-");
    await kubectl("wait", "--for=condition=Available", `apiservice/${name}`, "--timeout=120s");
    await eventually(async () => {
      const found = await kubectl("api-resources", "--cached=false", `--api-group=${group}`);
      return found.includes("flunders");
    });
    assert.match(await kubectl("get", "flunders", "--show-labels"), /^NAME +AGE +LABELS\nf1 .*seenby=\S+\n$/);
    await kubectl("delete", "apiservice", name);
    assert.match(await kubectl.refused("get", "flunders"), /the server could not find the requested resource/);
  });
});
