/** The kube-apiserver program on a real etcd behind TLS, and clusters that share one: what etcdctl shows is what a user of upstream's expects. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { etcdTestSkip, rawEtcd, startEtcd } from "@kubets/storage/testing";
import { cleanUp } from "../harness/clean-up.ts";
import { startCluster } from "../harness/cluster.ts";
import { etcdFlags, type SecureEtcd, startSecureEtcd } from "../harness/etcd.ts";
import { eventually } from "../harness/eventually.ts";
import { hardWay } from "../harness/kube-apiserver.ts";
import { needs } from "../harness/needs.ts";

const skip = await etcdTestSkip();

const crontabs = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  names: {plural: crontabs, kind: CronTab, singular: crontab}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`;

test("bin/kube-apiserver on an etcd: kubectl creates and gets, and etcdctl shows upstream's keys", {
  skip,
  timeout: 300_000,
}, async (t) => {
  if (!(await needs(t, "kubectl"))) return;
  const etcd = await startSecureEtcd(t, 1);
  const setup = await hardWay(t);
  const { admin } = setup;
  const start = () => setup.start(...etcdFlags(etcd));
  const first = await start();
  await admin("create", "configmap", "kept", "--from-literal=a=b");
  await admin("create", "deployment", "web", "--image=web:1");
  await admin("create", "service", "clusterip", "web", "--tcp=80");
  await admin("create", "serviceaccount", "robot");
  await admin("create", "-f", setup.file("crd.yaml", crontabs));
  await admin("wait", "--for=condition=Established", "crd/crontabs.stable.example.com");
  await admin(
    "create",
    "-f",
    setup.file("cr.yaml", "apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: a}\n"),
  );
  assert.match(await admin("get", "configmap", "kept", "-o", "jsonpath={.data}"), /^\{"a":"b"\}$/);

  const keys = await etcd.keys("/registry");
  assert.ok(keys.every((key) => key.startsWith("/registry/")));
  for (const key of [
    "/registry/apiextensions.k8s.io/customresourcedefinitions/crontabs.stable.example.com",
    "/registry/apiregistration.k8s.io/apiservices/v1.apps",
    "/registry/clusterroles/cluster-admin",
    "/registry/configmaps/default/kept",
    "/registry/configmaps/kube-system/extension-apiserver-authentication",
    "/registry/deployments/default/web",
    "/registry/flowschemas/exempt",
    "/registry/ipaddresses/10.32.0.1",
    "/registry/namespaces/default",
    "/registry/priorityclasses/system-node-critical",
    "/registry/serviceaccounts/default/robot",
    "/registry/servicecidrs/kubernetes",
    "/registry/services/specs/default/kubernetes",
    "/registry/services/specs/default/web",
    "/registry/stable.example.com/crontabs/default/a",
  ])
    assert.ok(keys.includes(key), `${key} is not among\n${keys.join("\n")}`);

  assert.equal((await first.stop()).code, 0);
  await start();
  assert.match(
    await admin("get", "crontab,configmap,deployment", "-o", "name"),
    /crontab\S+\/a\n[\s\S]*configmap\/kept\n/,
  );
  await admin("delete", "configmap", "kept");
  assert.ok(!(await etcd.keys("/registry/configmaps/default")).includes("/registry/configmaps/default/kept"));
});

test("bin/kube-apiserver keeps events and leases in an etcd of their own", { skip, timeout: 300_000 }, async (t) => {
  if (!(await needs(t, "kubectl"))) return;
  const [main, aside] = await Promise.all([startEtcd(), startEtcd()]);
  cleanUp(t, async () => void (await Promise.all([main.stop(), aside.stop()])));
  const { admin, start, file } = await hardWay(t);
  const elsewhere = aside.servers.join(";");
  const overrides = `/events#${elsewhere},coordination.k8s.io/*#${elsewhere}`;
  await start("--etcd-servers", main.servers.join(","), "--etcd-servers-overrides", overrides);
  await admin("create", "configmap", "kept");
  const event = { apiVersion: "v1", kind: "Event", metadata: { name: "e", namespace: "default" } };
  const about = { involvedObject: { kind: "ConfigMap", namespace: "default", name: "kept" }, reason: "Seen" };
  await admin("create", "-f", file("event.json", JSON.stringify({ ...event, ...about })));
  assert.match(await admin("get", "events", "-o", "jsonpath={.items[*].reason}"), /Seen/);
  const watched = admin("wait", "--for=jsonpath={.count}=7", "event/e", "--timeout=120s");
  await admin("patch", "event", "e", "--type=merge", "--patch", '{"count":7}');
  assert.match(await watched, /condition met/);
  const [there, here] = await Promise.all([rawEtcd(aside.servers), rawEtcd(main.servers)]);
  try {
    assert.ok((await there.get("/registry/events/default/e")) !== undefined);
    await eventually(async () => (await there.range("/registry/leases/")).count > 0, { what: "the server's lease" });
    assert.equal((await here.range("/registry/events/")).count + (await here.range("/registry/leases/")).count, 0);
    assert.equal(await there.get("/registry/configmaps/default/kept"), undefined);
    assert.ok((await here.get("/registry/configmaps/default/kept")) !== undefined);
  } finally {
    for (const etcd of [there, here]) etcd.close();
  }
});

test("several kubets up on one etcd: apart by their prefixes, or one cluster with several control planes", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const etcd = await startSecureEtcd(t, 1);
  const up = (prefix: string) => startCluster(t, { flags: [...etcdFlags(etcd), "--etcd-prefix", prefix] });
  const one = await up("/one");
  const two = await up("/two");
  const another = await up("/one");

  await one.kubectl("create", "configmap", "shared");
  assert.match((await two.kubectl.try(["get", "configmap", "shared"])).stderr, /not found/);
  assert.match(await another.kubectl("get", "configmap", "shared", "-o", "name"), /^configmap\/shared$/m);
  assert.deepEqual([(await configMapKeys(etcd, "/one")).length, (await configMapKeys(etcd, "/two")).length], [1, 0]);
  assert.deepEqual(await etcd.keys("/registry"), []);

  await another.kubectl("create", "deployment", "web", "--image=web:1", "--replicas=3");
  await eventually(async () => (await one.kubectl("get", "pods", "-o", "name")).split("\n").length === 4, {
    what: "the pods, made once, whichever control plane leads",
  });
  assert.match(await one.kubectl("get", "leases", "-n", "kube-system", "-o", "name"), /kube-controller-manager/);
});

async function configMapKeys(etcd: SecureEtcd, prefix: string): Promise<string[]> {
  const keys = await etcd.keys(`${prefix}/configmaps/default/`);
  return keys.filter((key) => key.endsWith("/shared"));
}
