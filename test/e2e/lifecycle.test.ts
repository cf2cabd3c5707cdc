/** `up` and `down` from every state a user may leave a cluster in. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { configMaps, namespaces } from "@kubets/api";
import { clusterPaths } from "@kubets/cluster";
import { cleanUp } from "../harness/clean-up.ts";
import {
  freshName,
  isolatedEnv,
  kubetsProgram,
  startCluster,
  type TestCluster,
  testDirectory,
} from "../harness/cluster.ts";
import { eventually } from "../harness/eventually.ts";
import { run } from "../harness/run.ts";

/** What a failing command said after its progress: one sentence for a person, without a stack. */
function oneSentence(stderr: string): string {
  assert.doesNotMatch(stderr, /^\s+at /m, "a stack is not for users");
  const sentences = stderr.split("\n").filter((line) => line.startsWith("kubets "));
  assert.equal(sentences.length, 1, stderr);
  assert.ok(stderr.trimEnd().endsWith(sentences[0] ?? ""), stderr);
  return sentences[0] ?? "";
}

async function down(cluster: TestCluster): Promise<void> {
  const { code, stderr } = await cluster.kubets(["down"]);
  assert.equal(code, 0, stderr);
}

async function refusal(cluster: TestCluster, ...flags: string[]): Promise<string> {
  const { code, stderr } = await cluster.kubets(["up", ...flags]);
  assert.equal(code, 1, stderr);
  return oneSentence(stderr);
}

/** Command lines of living processes that hold the text. */
function processesWith(text: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return []; // Ended meanwhile.
      }
    })
    .filter((line) => line.includes(text));
}

test("up twice, and two at once, find the same cluster", async (t) => {
  const cluster = await startCluster(t);
  const pid = cluster.controlPlanePid();
  const { server } = cluster;
  for (const { code, stderr } of [
    await cluster.kubets(["up"]),
    ...(await Promise.all([cluster.kubets(["up"]), cluster.kubets(["up"])])),
  ]) {
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(server), `${stderr} names ${server}`);
  }
  assert.equal(cluster.controlPlanePid(), pid);
});

test("down, and down again; up finds everything at the same address", async (t) => {
  const cluster = await startCluster(t);
  await cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b");
  await down(cluster);
  assert.deepEqual(processesWith(cluster.dataDir), []);
  await down(cluster);
  assert.equal((await cluster.kubets(["status"])).code, 3);
  const { code, stderr } = await cluster.kubets(["up"]);
  assert.equal(code, 0, stderr);
  assert.ok(stderr.includes(cluster.server));
  assert.equal(await cluster.kubectl("get", "cm", "kept", "-o", "jsonpath={.data.a}"), "b");
  assert.equal((await cluster.kubets(["status"])).code, 0);
});

test("down --delete leaves no file, process, mount or context", async (t) => {
  const cluster = await startCluster(t);
  const { name, dataDir, kubeconfig } = cluster;
  assert.match(readFileSync(kubeconfig, "utf8"), new RegExp(name));
  const { run: runDir } = clusterPaths(name, dataDir);
  const { code, stderr } = await cluster.kubets(["down", "--delete"]);
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(dataDir), false);
  assert.equal(existsSync(runDir), false);
  assert.doesNotMatch(readFileSync(kubeconfig, "utf8"), new RegExp(name));
  assert.deepEqual(processesWith(dataDir), []);
  assert.doesNotMatch(readFileSync("/proc/mounts", "utf8"), new RegExp(name));
  assert.doesNotMatch((await cluster.kubets(["list"])).stdout, new RegExp(name));
  const again = await cluster.kubets(["down", "--delete"]);
  assert.notEqual(again.code, 0);
  assert.match(again.stderr, new RegExp(`there is no cluster ${name}`));
});

test("two clusters run side by side and know nothing of each other", async (t) => {
  const [one, two] = await Promise.all([startCluster(t), startCluster(t)]);
  assert.notEqual(one.server, two.server);
  await one.client
    .resource(configMaps)
    .namespace("default")
    .create({ metadata: { name: "only-here" }, data: {} });
  const { items } = await two.client.resource(configMaps).namespace("default").list();
  assert.ok(!items.some((item) => item.metadata?.name === "only-here"));
  const { stdout } = await one.kubets(["list"]);
  for (const { name } of [one, two]) assert.match(stdout, new RegExp(`^${name} +running`, "m"));
  await one.stop();
  assert.ok((await two.client.resource(namespaces).list()).items.length > 0);
});

test("a user's other contexts are left alone", async (t) => {
  const cluster = await startCluster(t);
  await cluster.kubectl("config", "set-cluster", "theirs", "--server=https://example.invalid");
  await cluster.kubectl("config", "set-context", "theirs", "--cluster=theirs");
  await cluster.kubets(["down", "--delete"]);
  const contexts = await cluster.kubectl("config", "get-contexts", "-o", "name");
  assert.equal(contexts, "theirs\n");
});

test("a port in use is named", async (t) => {
  const blocker = createServer().listen(0, "127.0.0.1");
  cleanUp(t, () => blocker.close());
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as { port: number };
  const dir = await testDirectory(t);
  const name = freshName();
  const env = isolatedEnv(dir);
  cleanUp(t, () => run(kubetsProgram, ["down", "--delete", "--name", name], { env }));
  const flags = ["--nodes", "0", "--data-dir", join(dir, "data"), "--secure-port", String(port)];
  const { code, stderr } = await run(kubetsProgram, ["up", "--name", name, ...flags], { env });
  assert.equal(code, 1);
  const said = oneSentence(stderr);
  assert.match(said, new RegExp(`${port}`));
  assert.match(said, /in use/);
  assert.match(said, /--secure-port/);
  // Nothing is left trying for ever, and with the port free again all is well.
  await eventually(() => processesWith(join(dir, "data")).length === 0);
  await new Promise((resolve) => blocker.close(resolve));
  const second = await run(kubetsProgram, ["up", "--name", name, "--nodes", "0"], { env });
  assert.equal(second.code, 0, second.stderr);
});

test("a stale lock is no obstacle, whatever is in it", async (t) => {
  const cluster = await startCluster(t);
  await down(cluster);
  const { lock } = clusterPaths(cluster.name, cluster.dataDir);
  for (const text of ["999999999 1\n", `${process.pid} 1\n`, "", "garbage"]) {
    writeFileSync(lock, text);
    const { code, stderr } = await cluster.kubets(["up"]);
    assert.equal(code, 0, stderr);
  }
});

test("data of another format is named, and left as it is", async (t) => {
  const cluster = await startCluster(t);
  await down(cluster);
  const paths = clusterPaths(cluster.name, cluster.dataDir);
  await t.test("cluster.json", async () => {
    const good = readFileSync(paths.config, "utf8");
    const edited = (change: object) => writeFileSync(paths.config, JSON.stringify({ ...JSON.parse(good), ...change }));
    edited({ format: 0 });
    assert.match(await refusal(cluster), /was written by an older kubets.*use that version, or another --data-dir/);
    edited({ format: 99 });
    assert.match(await refusal(cluster), /was written by a newer kubets/);
    writeFileSync(paths.config, good.slice(0, 40));
    assert.match(await refusal(cluster), /cannot be read as JSON; restore it/);
    writeFileSync(paths.config, good);
  });
  await t.test("the store", async () => {
    const store = join(paths.store, "kubets.db");
    const edit = (sql: string) => {
      const database = new DatabaseSync(store);
      database.exec(sql);
      database.close();
    };
    edit("PRAGMA user_version = 0");
    assert.match(await refusal(cluster), /an older kubets wrote it/);
    edit("PRAGMA user_version = 99");
    assert.match(await refusal(cluster), /a newer kubets wrote it/);
    edit("PRAGMA user_version = 1");
    const { code, stderr } = await cluster.kubets(["up"]);
    assert.equal(code, 0, stderr);
  });
});

test("a cluster whose data was deleted by hand can still be taken down", async (t) => {
  const cluster = await startCluster(t);
  const pid = cluster.controlPlanePid();
  rmSync(cluster.dataDir, { recursive: true });
  const { code, stderr } = await cluster.kubets(["down", "--delete"]);
  assert.equal(code, 0, stderr);
  assert.equal(existsSync(`/proc/${pid}`), false);
  assert.equal(existsSync(cluster.dataDir), false);
  assert.deepEqual(processesWith(cluster.dataDir), []);
});

test("wrong flags are explained", async (t) => {
  const dir = await testDirectory(t);
  const env = isolatedEnv(dir);
  const up = (...flags: string[]) =>
    run(kubetsProgram, ["up", "--name", freshName(), "--data-dir", join(dir, "d"), ...flags], { env });
  for (const [flags, pattern] of [
    [["--simulated-node", "3"], /--simulated-nodes/],
    [["--nodes", "many"], /--nodes/],
    [["--secure-port", "70000"], /--secure-port 70000: want 0 to 65535/],
    [["--service-cidr", "10.0.0.0"], /--service-cidr 10\.0\.0\.0: want an IPv4 range/],
    [["--nodes", "0", "--token-auth-file", "/nowhere"], /--token-auth-file \/nowhere: no such file/],
  ] as const) {
    const { code, stderr } = await up(...flags);
    assert.notEqual(code, 0);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^\s+at /m);
  }
  assert.equal(existsSync(join(dir, "d")), false, "nothing was made");
});

test("after a reboot, with its run directory gone, up finds everything", async (t: TestContext) => {
  const cluster = await startCluster(t);
  await cluster.kubectl("create", "configmap", "kept");
  cluster.killEverything();
  await run("rm", ["-r", clusterPaths(cluster.name, cluster.dataDir).run]);
  assert.equal((await cluster.kubets(["up"])).code, 0);
  assert.match(await cluster.kubectl("get", "cm", "kept"), /kept/);
});
