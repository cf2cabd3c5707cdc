import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { realClock, silentLogger } from "@kubets/apimachinery";
import { ensureClusterCertificates } from "@kubets/apiserver/certificates";
import { clusterApiServer, clusterArguments } from "./for-cluster.ts";

test("flags are checked, and files are named by absolute paths", () => {
  const { args, warnings } = clusterArguments([
    "",
    "runtime-config=api/beta=true",
    "--runtime-config=storage.k8s.io/v1beta1=false",
    "anonymous-auth=false",
    "audit-log-path=-",
    "audit-policy-file=policy.yaml",
    "tls-sni-cert-key=a.crt,/b.key:x.example,y.example",
    "watch-cache",
    "authorization-config=/etc/authorization.yaml",
  ]);
  assert.deepEqual(args, [
    "runtime-config=api/beta=true",
    "runtime-config=storage.k8s.io/v1beta1=false",
    "anonymous-auth=false",
    "audit-log-path=-",
    `audit-policy-file=${resolve("policy.yaml")}`,
    `tls-sni-cert-key=${resolve("a.crt")},/b.key:x.example,y.example`,
    "watch-cache",
    "authorization-config=/etc/authorization.yaml",
  ]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /^Flag --watch-cache has no effect: /);
});

for (const [arg, message] of [
  [
    "runtime-confg=a=b",
    /^--kube-apiserver-arg runtime-confg=a=b: unknown flag --runtime-confg; did you mean --runtime-config\?$/,
  ],
  ["secure-port=1", /^--kube-apiserver-arg secure-port: kubets up has a flag of its own for that, --secure-port$/],
  ["client-ca-file=x", /^--kube-apiserver-arg client-ca-file: the cluster has its own/],
  ["log-json-split-stream", /^--kube-apiserver-arg log-json-split-stream: the control plane's log is one file$/],
  ["goaway-chance=1", /^--kube-apiserver-arg: --goaway-chance can not be less than 0 or greater than 0\.02$/],
  ["enable-admission-plugins=Odd", /^--kube-apiserver-arg: .*Odd/],
  ["audit-log-path", /^--kube-apiserver-arg audit-log-path: --audit-log-path needs a value$/],
  ["word and more", /^--kube-apiserver-arg word and more: unknown flag/],
] as const)
  test(`not to be had: ${arg}`, () => assert.throws(() => clusterArguments([arg]), { message }));

test("what the user says is added to the cluster's own, or takes its place", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-for-cluster-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const { pki } = await ensureClusterCertificates({
    ...{ directory, clock: realClock, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] },
  });
  const cluster = {
    certificate: (file: string) => join(directory, file),
    advertiseAddress: "192.0.2.1",
    bindAddress: "127.0.0.1",
    port: 0,
    serviceCIDR: "10.96.0.0/16",
    clusterDomain: "cluster.local",
  };
  assert.equal(pki.path("ca.crt"), join(directory, "ca.crt"));
  const { args } = clusterArguments([
    "enable-admission-plugins=AlwaysPullImages",
    "requestheader-allowed-names=another",
    "oidc-issuer-url=https://issuer.example",
    "oidc-client-id=me",
    "request-timeout=10s",
  ]);
  const found = await clusterApiServer(args, cluster, { clock: realClock, logger: silentLogger });
  assert.deepEqual(found.admission?.enable, ["NodeRestriction", "AlwaysPullImages"]);
  assert.deepEqual(found.authentication?.requestHeader?.allowedNames, ["another"]);
  assert.equal(found.authentication?.oidc?.issuerUrl, "https://issuer.example");
  assert.equal(found.authentication?.bootstrapTokens, true);
  assert.deepEqual(found.authorization, { modes: ["Node", "RBAC"] });
  assert.deepEqual([found.listen?.port, found.listen?.requestTimeoutMs, found.listen?.drainMs], [0, 10_000, 10_000]);
  assert.equal(found.allowPrivileged, true);
});
