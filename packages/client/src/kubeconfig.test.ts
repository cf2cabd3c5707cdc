import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kubeconfigPaths, loadKubeconfig, resolveContext } from "./kubeconfig.ts";
import { removeKubeconfigContext, writeKubeconfigContext } from "./kubeconfig-file.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
after(() => rm(folder, { recursive: true }));

const entry = {
  name: "kubets",
  cluster: { server: "https://127.0.0.1:6443", "certificate-authority-data": Buffer.from("CA").toString("base64") },
  user: { token: "secret" },
};

test("the files are those of KUBECONFIG, else ~/.kube/config", () => {
  assert.deepEqual(kubeconfigPaths({ KUBECONFIG: "/a::/b" }), ["/a", "/b"]);
  assert.deepEqual(kubeconfigPaths({ HOME: "/h" }), ["/h/.kube/config"]);
});

test("a context is merged into a file that keeps the rest, and removed again", async () => {
  const path = join(folder, "config");
  const link = join(folder, "link");
  await writeFile(
    path,
    "# mine\ncurrent-context: a\nclusters: []\nusers:\n- name: me # keep\n  user: {token: x}\nother: 1\n",
  );
  await symlink(path, link);
  await writeKubeconfigContext(link, entry);
  await writeKubeconfigContext(link, { ...entry, namespace: "x" });
  const text = await readFile(path, "utf8");
  assert.match(text, /# mine/);
  assert.match(text, /# keep/);
  assert.match(text, /other: 1/);
  const config = await loadKubeconfig([path]);
  assert.deepEqual(config.contexts, [
    { name: "kubets", context: { cluster: "kubets", user: "kubets", namespace: "x" } },
  ]);
  assert.equal(config.users?.length, 2);
  const resolved = await resolveContext(config);
  assert.deepEqual(resolved, {
    server: { server: "https://127.0.0.1:6443", ca: "CA", token: "secret" },
    namespace: "x",
    contextName: "kubets",
  });
  await removeKubeconfigContext(path, "kubets");
  const removed = await loadKubeconfig([path]);
  assert.deepEqual([removed.clusters, removed.contexts, removed.users?.map((user) => user.name)], [[], [], ["me"]]);
  assert.deepEqual((await readdir(folder)).sort(), ["config", "link"]);
});

test("a new file is the owner's alone; a broken one is left alone", async () => {
  const path = join(folder, "new", "config");
  await writeKubeconfigContext(path, entry);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const broken = join(folder, "broken");
  await writeFile(broken, "a: [");
  await assert.rejects(writeKubeconfigContext(broken, entry), /not YAML/);
  assert.equal(await readFile(broken, "utf8"), "a: [");
});

test("many writers at once lose nothing", async () => {
  const path = join(folder, "many");
  const names = Array.from({ length: 8 }, (_, at) => `c${at}`);
  await Promise.all(names.map((name) => writeKubeconfigContext(path, { ...entry, name })));
  const config = await loadKubeconfig([path]);
  assert.deepEqual(config.contexts?.map((context) => context.name).sort(), names);
});

test("the first of several files wins, and paths are relative to their file", async () => {
  const one = join(folder, "one");
  const two = join(folder, "two");
  await writeFile(
    one,
    "contexts: [{name: x, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {client-certificate: c.pem, client-key: c.pem}}]\n",
  );
  await writeFile(
    two,
    "current-context: x\nclusters: [{name: k, cluster: {server: 'https://two'}}]\nusers: [{name: u, user: {token: no}}]\n",
  );
  await writeFile(join(folder, "c.pem"), "PEM");
  const { server } = await resolveContext(await loadKubeconfig([one, join(folder, "absent"), two]));
  assert.deepEqual(server, { server: "https://two", cert: "PEM", key: "PEM" });
  await assert.rejects(resolveContext({}, "nope"), /context "nope" does not exist/);
});
