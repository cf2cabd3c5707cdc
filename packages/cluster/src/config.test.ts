import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ClusterRequest, resolveConfig, writeWhole } from "./config.ts";

function place(t: TestContext): (request: ClusterRequest) => ReturnType<typeof resolveConfig> {
  const directory = mkdtempSync(join(tmpdir(), "kubets-config-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const name = `c-${process.pid % 100_000}`;
  return (request) => resolveConfig(name, join(directory, "data"), { nodes: 0, ...request });
}

const servers = "https://10.0.0.1:2379,https://etcd-2:2379";

test("an etcd is kept like other options, and its files are named for good", async (t) => {
  const resolved = place(t);
  const config = await resolved({ etcdServers: servers, etcdCafile: "ca.crt" });
  assert.equal(config.etcdServers, servers);
  assert.equal(config.etcdPrefix, "/registry");
  assert.equal(config.etcdCafile, join(process.cwd(), "ca.crt"));
});

test("what cannot be of an etcd is refused in one sentence", async (t) => {
  const resolved = place(t);
  for (const [request, message] of [
    [{ etcdServers: "10.0.0.1" }, /--etcd-servers 10\.0\.0\.1: want URLs such as/],
    [{ etcdServers: servers, etcdCertfile: "a" }, /--etcd-certfile and --etcd-keyfile belong together/],
    [{ etcdCafile: "a" }, /--etcd-cafile says nothing without --etcd-servers/],
    [{ etcdServers: servers, etcdPrefix: "registry" }, /--etcd-prefix registry: want a path/],
  ] as const)
    await assert.rejects(resolved(request), message);
});

test("objects stay where they are: in a file, or below one prefix", async (t) => {
  const inFile = place(t);
  const kept = await inFile({});
  writeWhole(join(kept.dataDir, "cluster.json"), JSON.stringify(kept));
  await assert.rejects(inFile({ etcdServers: servers }), /keeps its objects in .* and cannot move them to an etcd/);
});
