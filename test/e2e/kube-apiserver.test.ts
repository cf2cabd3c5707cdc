/** The kube-apiserver program by an existing guide: files made by hand, upstream's flags, and kubectl. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { hardWay } from "../harness/kube-apiserver.ts";
import { needs } from "../harness/needs.ts";

const encryptionConfiguration = `
kind: EncryptionConfiguration
apiVersion: apiserver.config.k8s.io/v1
resources:
  - resources: [secrets]
    providers:
      - aescbc: {keys: [{name: key1, secret: ${Buffer.alloc(32, 7).toString("base64")}}]}
      - identity: {}
`;

test("the hard way: users, roles and tokens; stopped gracefully, and nothing is lost", async (t) => {
  if (!(await needs(t, "kubectl"))) return;
  const setup = await hardWay(t);
  const { admin } = setup;
  const tokens = setup.file("tokens.csv", 'jane-token,jane,1,"dev,ops"\n');
  const encryption = setup.file("encryption.yaml", encryptionConfiguration);
  const own = [
    "--data-dir=data",
    `--token-auth-file=${tokens}`,
    `--encryption-provider-config=${encryption}`,
    "--shutdown-delay-duration=6s",
  ];
  const first = await setup.start(...own, "--watch-cache=true", "--feature-gates=CBORServingAndStorage=true");
  assert.match(first.stderr, /^Flag --watch-cache has no effect: /m);
  assert.match(first.stderr, /^Feature gate CBORServingAndStorage=true has no effect: /m);

  assert.match(await admin("get", "--raw", "/readyz?verbose"), /\[\+\]poststarthook\/rbac\/bootstrap-roles ok\n/);
  assert.match(await admin("get", "svc", "kubernetes"), /10\.32\.0\.1/);
  assert.match(await admin("api-versions"), /^resource\.k8s\.io\/v1beta1$/m);

  const jane = await setup.withToken("jane-token");
  assert.match(await jane.refused("get", "configmaps"), /User "jane" cannot list resource "configmaps"/);
  await admin("create", "role", "reader", "--verb=get,list", "--resource=configmaps");
  await admin("create", "rolebinding", "reader", "--role=reader", "--group=ops");
  await admin("create", "configmap", "kept", "--from-literal=a=b");
  assert.match(await jane("get", "configmaps"), /^kept /m);
  assert.equal(await jane("auth", "can-i", "list", "configmaps"), "yes\n");
  assert.match(await jane.refused("get", "secrets"), /forbidden/);

  await admin("create", "secret", "generic", "hidden", "--from-literal=word=unmistakable");
  const stored = ["kubets.db", "kubets.db-wal"].map((name) => readFileSync(join(setup.directory, "data", name)));
  assert.ok(stored.some((bytes) => bytes.includes("k8s:enc:aescbc:v1:key1:")));
  assert.ok(!stored.some((bytes) => bytes.includes(Buffer.from("unmistakable").toString("base64"))));

  await admin("create", "serviceaccount", "robot");
  const robot = await setup.withToken((await admin("create", "token", "robot")).trim());
  assert.match(await robot("auth", "whoami"), /system:serviceaccount:default:robot/);

  const watch = admin.start("get", "configmaps", "--watch");
  await watch.saying(/kept/);
  first.child.kill("SIGTERM");
  await first.saying(/Received signal, shutting down/);
  const [unready, alive] = await Promise.all([
    admin.refused("get", "--raw", "/readyz"),
    admin("get", "--raw", "/livez"),
    admin("create", "configmap", "late"),
  ]);
  assert.match(unready, /\[-\]shutdown failed: reason withheld/);
  assert.equal(alive, "ok");
  const { code, stderr } = await first.ended;
  assert.equal(code, 0, stderr);
  await watch.stop();

  const second = await setup.start(...own, "--shutdown-delay-duration=0", "--logging-format=json");
  assert.match(await jane("get", "configmaps"), /^kept [\s\S]*^late /m);
  assert.match(await robot("auth", "whoami"), /system:serviceaccount:default:robot/);
  const word = await admin("get", "secret", "hidden", "-o", "jsonpath={.data.word}");
  assert.equal(Buffer.from(word, "base64").toString(), "unmistakable");
  const [line = ""] = second.stderr.split("\n").filter((text) => text.includes("Serving securely"));
  assert.equal(JSON.parse(line).port, setup.port);
  assert.equal((await second.stop()).code, 0);
});

test("what cannot be is said in a line, and ends with 1", async (t) => {
  const setup = await hardWay(t);
  const refused = async (pattern: RegExp, ...args: string[]) => {
    const { code, stdout, stderr } = await setup.run(...args);
    assert.match(stderr, pattern);
    assert.deepEqual([code, stdout], [1, ""]);
  };
  await refused(
    /"command failed" err="\[--etcd-servers must be specified, or --data-dir .*, service-account-issuer is a required flag, /,
  );
  await refused(/^Error: unknown flag --etcd-server; did you mean --etcd-servers\?$/m, "--etcd-server=x");
  await refused(
    /err="--client-ca-file \S+: no such file or directory"/,
    ...setup.flags,
    "--data-dir=d",
    "--client-ca-file=/none",
  );
  await refused(
    /err="listening|err="this machine has no address/,
    ...setup.flags,
    "--data-dir=d",
    "--bind-address=192.0.2.1",
  );
  const version = await setup.run("--version");
  assert.match(version.stdout, /^Kubernetes v1\.36\.\d+\n$/);
  const help = await setup.run("--help");
  assert.match(help.stdout, /^Secure serving flags:$/m);
});
