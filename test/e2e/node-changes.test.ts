/** What a later `up` changes for nodes that run. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { startCluster } from "../harness/cluster.ts";
import { eventually } from "../harness/eventually.ts";
import { needs } from "../harness/needs.ts";

/** Nobody listens on it just now. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

test("a node follows its API server to another port", { timeout: 300_000 }, async (t) => {
  if (!(await needs(t, "root", "containerd"))) return;
  const { kubets, kubectl } = await startCluster(t, { nodes: 1 });
  const agent = async () => {
    const { stdout } = await kubets(["status", "-o", "json"]);
    const { programs } = JSON.parse(stdout) as { programs: { name: string; pid?: number }[] };
    return programs.find(({ name }) => name === "node-1")?.pid;
  };
  const before = await agent();
  assert.equal((await kubets(["up"])).code, 0);
  assert.equal(await agent(), before, "what has not changed is left alone");
  const { code, stderr } = await kubets(["up", "--secure-port", await freePort()]);
  assert.equal(code, 0, stderr);
  const movedAt = Date.now();
  await eventually(async () => {
    const lease = ["-n", "kube-node-lease", "get", "lease", "node-1"];
    return Date.parse(await kubectl(...lease, "-o", "jsonpath={.spec.renewTime}")) > movedAt;
  });
});
