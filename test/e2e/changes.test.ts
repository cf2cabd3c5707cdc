/** Flags of a later `up`: what they change, and what a mistake leaves alone. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { nodes, pods } from "@kubets/api";
import { isolatedEnv, startCluster } from "../harness/cluster.ts";
import { eventually } from "../harness/eventually.ts";

test("a change that cannot be is refused, and the cluster goes on as it was", { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t);
  const refused = await cluster.kubets(["up", "--bind-address", "192.0.2.200"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /kubets up: .*no address 192\.0\.2\.200.*--bind-address/);
  assert.equal((await cluster.kubets(["status"])).code, 0, "it runs");
  assert.equal((await cluster.kubets(["up"])).code, 0, "the mistake is forgotten");
  assert.match((await cluster.kubets(["up", "bogus"])).stderr, /unexpected argument "bogus"/);
});

test("flags of kube-apiserver are kept, replaced, and taken away", { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t);
  const { kubectl } = cluster;
  const up = async (...args: string[]) =>
    await cluster.kubets(["up", ...args.map((arg) => `--kube-apiserver-arg=${arg}`)]);
  const log = join(cluster.dir, "audit.log");
  const policy = join(cluster.dir, "policy.yaml");
  writeFileSync(policy, "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");
  const audited = await up("runtime-config=api/beta=true", `audit-policy-file=${policy}`, `audit-log-path=${log}`);
  assert.equal(audited.code, 0, audited.stderr);
  assert.match(await kubectl("api-versions"), /^networking\.k8s\.io\/v1beta1$/m);
  assert.match(readFileSync(log, "utf8"), /"requestURI":"\/api\?/);
  assert.equal((await up()).code, 0);
  assert.match(await kubectl("api-versions"), /v1beta1/);
  const impossible = await up("audit-policy-file=/none", `audit-log-path=${log}`);
  assert.equal(impossible.code, 1);
  assert.match(impossible.stderr, /kubets up: --audit-policy-file \/none: no such file or directory/);
  const unknown = await up("runtime-confg=x");
  assert.match(unknown.stderr, /unknown flag --runtime-confg; did you mean --runtime-config\?/);
  assert.match(await kubectl("api-versions"), /v1beta1/, "it goes on as it was");
  assert.equal((await up("")).code, 0);
  assert.doesNotMatch(await kubectl("api-versions"), /v1beta1/);
});

test("fewer simulated nodes: the others' objects and pods go, and the pods come up elsewhere", {
  timeout: 300_000,
}, async (t) => {
  const cluster = await startCluster(t, { simulatedNodes: 6 });
  const { kubectl, client } = cluster;
  await kubectl("create", "deployment", "web", "--image=web:1", "--replicas=30");
  await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  const { code, stderr } = await cluster.kubets(["up", "--simulated-nodes", "2"]);
  assert.equal(code, 0, stderr);
  const { items } = await client.resource(nodes).list();
  assert.deepEqual(
    items.map((node) => node.metadata?.name),
    ["simulated-0", "simulated-1"],
  );
  const left = new Set(["simulated-0", "simulated-1"]);
  await eventually(async () => {
    const running = (await client.resource(pods).namespace("default").list()).items;
    return (
      running.length === 30 && running.every((p) => p.status?.phase === "Running" && left.has(p.spec?.nodeName ?? ""))
    );
  });
});

test("down --delete takes the context out of every kubeconfig it was written to", { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t);
  const other = join(cluster.dir, "other");
  const inOther = { ...isolatedEnv(cluster.dir), KUBECONFIG: other };
  assert.equal((await cluster.kubets(["up"], { env: inOther })).code, 0);
  for (const file of [cluster.kubeconfig, other]) assert.match(readFileSync(file, "utf8"), new RegExp(cluster.name));
  await cluster.stop();
  for (const file of [cluster.kubeconfig, other])
    assert.doesNotMatch(readFileSync(file, "utf8"), new RegExp(cluster.name));
});
