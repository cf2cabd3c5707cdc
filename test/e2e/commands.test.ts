/** The other commands: help, status, list, kubeconfig, logs. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isolatedEnv, kubetsProgram, startCluster } from "../harness/cluster.ts";
import { output, run, start } from "../harness/run.ts";

test("help teaches the program", async () => {
  const help = await output(kubetsProgram, ["--help"]);
  for (const command of ["up", "down", "status", "list", "image", "kubeconfig", "logs"]) {
    assert.match(help, new RegExp(`^ {2}${command} `, "m"));
    assert.match(await output(kubetsProgram, [command, "--help"]), new RegExp(`^Usage: kubets ${command}`));
  }
  const wrong = await run(kubetsProgram, ["upp"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /no command upp; did you mean up\?/);
  assert.match(await output(kubetsProgram, ["--version"]), /Kubernetes API v1\.36/);
});

test("status, list, kubeconfig and logs tell about a cluster", async (t) => {
  const cluster = await startCluster(t, { simulatedNodes: 1 });
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.kubets(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.match(await say("status"), new RegExp(`^cluster ${cluster.name}: ready$`, "m"));
  const status = JSON.parse(await say("status", "-o", "json")) as {
    state: string;
    server: string;
    nodes: { name: string; ready: boolean }[];
  };
  assert.deepEqual([status.state, status.server], ["ready", cluster.server]);
  assert.deepEqual(status.nodes, [{ name: "simulated-0", ready: true }]);
  const listed = JSON.parse(await say("list", "-o", "json")) as { name: string; running: boolean }[];
  assert.equal(listed.find(({ name }) => name === cluster.name)?.running, true);
  const file = join(cluster.dir, "printed.conf");
  writeFileSync(file, await say("kubeconfig"));
  assert.match(await cluster.kubectl.as({ kubeconfig: file })("get", "nodes"), /simulated-0 +Ready/);
  const lines = (await say("logs", "--tail", "5")).trim().split("\n");
  assert.ok(lines.length >= 1 && lines.length <= 5);
  for (const line of lines) assert.equal(typeof (JSON.parse(line) as { msg: unknown }).msg, "string");
});

test("up --foreground stays until it is interrupted, and stops the cluster then", { timeout: 300_000 }, async (t) => {
  const cluster = await startCluster(t);
  const staying = start(kubetsProgram, ["up", "--foreground", "--name", cluster.name], {
    env: isolatedEnv(cluster.dir),
  });
  await staying.saying(/Running; interrupt to stop/);
  assert.match(await cluster.kubectl("get", "namespaces"), /kube-system +Active/);
  const { code, stderr } = await staying.stop("SIGINT");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /Warning/);
  assert.equal((await cluster.kubets(["status"])).code, 3);
});

test("a directory or address that cannot be is refused at once", { timeout: 300_000 }, async () => {
  const proc = await run(kubetsProgram, ["up", "--name", "t-proc", "--nodes", "0", "--data-dir", "/proc/kubets"]);
  assert.equal(proc.code, 1);
  assert.match(proc.stderr, /cannot make the directory \/proc\/kubets/);
  const address = await run(kubetsProgram, ["up", "--name", "t-proc", "--nodes", "0", "--bind-address", "1.2.3.4.5"]);
  assert.match(address.stderr, /want an IP address of this machine/);
});

test("--kubeconfig writes one file and leaves the user's own alone", async (t) => {
  const file = join((await startCluster(t)).dir, "other.conf");
  const cluster = await startCluster(t, { flags: ["--kubeconfig", file] });
  assert.match(await cluster.kubectl.as({ kubeconfig: file })("get", "namespaces"), /kube-system +Active/);
  assert.notEqual((await cluster.kubectl.try(["get", "namespaces"])).code, 0);
});

test("a static token and its groups", async (t) => {
  const tokens = join((await startCluster(t)).dir, "tokens.csv");
  writeFileSync(tokens, 'admin-token,admin,1,"system:masters"\nplain-token,jane,2\n');
  const cluster = await startCluster(t, { flags: ["--token-auth-file", tokens] });
  const as = (token: string) => [
    `--server=${cluster.server}`,
    "--insecure-skip-tls-verify",
    `--token=${token}`,
    "--kubeconfig=/dev/null",
  ];
  assert.match(await cluster.kubectl("get", "ns", ...as("admin-token")), /kube-system/);
  assert.match(
    await cluster.kubectl.refused("get", "ns", ...as("plain-token")),
    /namespaces is forbidden: User "jane" cannot list resource "namespaces" in API group "" at the cluster scope/,
  );
  assert.match(await cluster.kubectl.refused("get", "ns", ...as("wrong-token")), /Unauthorized|You must be logged in/);
});
