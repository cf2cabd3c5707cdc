/** Several API servers on an etcd of three members: what a user finds there, and what survives of it. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ConfigMap, configMaps, endpoints, leases, type Service, services } from "@kubets/api";
import { realClock } from "@kubets/apimachinery";
import { Pki, superAdminCertificate } from "@kubets/apiserver/certificates";
import { type Client, createClient, createHttpsTransport } from "@kubets/client";
import { etcdTestSkip } from "@kubets/storage/testing";
import { cleanUp } from "../harness/clean-up.ts";
import { startCluster } from "../harness/cluster.ts";
import { etcdFlags, type SecureEtcd, startSecureEtcd } from "../harness/etcd.ts";
import { eventually } from "../harness/eventually.ts";
import { start } from "../harness/run.ts";

const skip = await etcdTestSkip();
const fixture = fileURLToPath(new URL("../harness/api-server.fixture.ts", import.meta.url));

interface Server {
  readonly client: Client;
  kill(): Promise<unknown>;
}

async function startServer(t: TestContext, etcd: SecureEtcd, advertiseAddress: string): Promise<Server> {
  const { servers, directory, caFile, certFile, keyFile } = etcd;
  const options = JSON.stringify({ servers, directory, caFile, certFile, keyFile, advertiseAddress });
  const running = start(process.execPath, ["--disable-warning=ExperimentalWarning", fixture, options]);
  cleanUp(t, () => running.stop("SIGKILL"));
  const ended = running.ended.then(({ code, stderr }) => Promise.reject(new Error(`it ended with ${code}: ${stderr}`)));
  const [, port] = await Promise.race([running.saying(/^port (\d+)/m), ended]);
  ended.catch(() => undefined);
  const file = (name: string) => readFileSync(`${directory}/${name}`, "utf8");
  const transport = createHttpsTransport({
    server: `https://127.0.0.1:${port}`,
    ca: file("ca.crt"),
    cert: file("super-admin.crt"),
    key: file("super-admin.key"),
  });
  cleanUp(t, async () => transport.close());
  return { client: createClient(transport), kill: () => running.stop("SIGKILL") };
}

/** The certificate of the one who may do everything, beside the others. */
async function prepareAdmin(etcd: SecureEtcd): Promise<void> {
  await superAdminCertificate(new Pki({ directory: etcd.directory, clock: realClock }));
}

/** As upstream stores it by default: the magic, and runtime.Unknown around the object. */
function protobufConfigMap(name: string, namespace: string, data: Record<string, string>): Buffer {
  const field = (number: number, content: Buffer | string) => {
    const bytes = Buffer.from(content);
    assert.ok(bytes.length < 128, "one byte of length");
    return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  };
  const metadata = [field(1, name), field(3, namespace), field(5, `uid-of-${name}`)];
  const entries = Object.entries(data).map(([key, value]) => field(2, Buffer.concat([field(1, key), field(2, value)])));
  const object = Buffer.concat([field(1, Buffer.concat(metadata)), ...entries]);
  const type = Buffer.concat([field(1, "v1"), field(2, "ConfigMap")]);
  return Buffer.concat([Buffer.from("k8s\0"), field(1, type), field(2, object), field(3, ""), field(4, "")]);
}

interface Seen {
  readonly type: string;
  readonly name: string;
  readonly version: number;
}

/** Watches config maps through whichever server is there, from where it was, as any client does. @returns how often it went on elsewhere */
async function follow(clients: readonly Client[], from: string, seen: Seen[], signal: AbortSignal): Promise<number> {
  let resourceVersion = from;
  let turn = 0;
  for (; !signal.aborted; turn++) {
    const client = clients[turn % clients.length]!;
    try {
      const options = { resourceVersion, allowWatchBookmarks: true, signal };
      for await (const event of client.resource(configMaps).namespace("load").watch(options)) {
        assert.ok(event.type !== "ERROR", JSON.stringify(event));
        const { name = "", resourceVersion: version = "" } = event.object.metadata ?? {};
        resourceVersion = version;
        if (event.type !== "BOOKMARK") seen.push({ type: event.type, name, version: Number(version) });
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      if (!signal.aborted) await sleep(50);
    }
  }
  return turn - 1;
}

/** Creates until told to end. What was not acknowledged may be there or not. */
async function write(clients: readonly Client[], name: string, log: WriteLog, signal: AbortSignal): Promise<void> {
  for (let i = 0, turn = 0; !signal.aborted; i++) {
    const object: ConfigMap = { metadata: { name: `${name}-${i}`, namespace: "load" }, data: { n: `${i}` } };
    try {
      await clients[turn % clients.length]!.resource(configMaps).namespace("load").create(object);
      log.acknowledged.add(`${name}-${i}`);
    } catch {
      log.unknown.add(`${name}-${i}`);
      turn++;
      await sleep(20);
    }
  }
}

interface WriteLog {
  readonly acknowledged: Set<string>;
  readonly unknown: Set<string>;
}

test("two API servers on three members: one of each is killed under load, and nobody notices", {
  skip,
  timeout: 300_000,
}, async (t) => {
  const etcd = await startSecureEtcd(t);
  await prepareAdmin(etcd);
  const [first, second] = await Promise.all([startServer(t, etcd, "192.0.2.1"), startServer(t, etcd, "192.0.2.2")]);
  const [a, b] = [first.client, second.client];

  await t.test("they are both behind the kubernetes Service, and both have an identity", async () => {
    const published = await eventually(async () => {
      const found = await a.resource(endpoints).namespace("default").get("kubernetes");
      const addresses = found.subsets?.[0]?.addresses?.map(({ ip }) => ip) ?? [];
      return addresses.length === 2 && addresses;
    });
    assert.deepEqual(published, ["192.0.2.1", "192.0.2.2"]);
    const identities = await eventually(async () => {
      const { items } = await b.resource(leases).namespace("kube-system").list();
      const own = items.filter(({ metadata }) => metadata?.name?.startsWith("apiserver-"));
      return own.length === 2 && own;
    });
    assert.equal(identities[0]!.metadata?.labels?.["apiserver.kubernetes.io/identity"], "kube-apiserver");
  });

  await t.test("what is stored is upstream's", async () => {
    const made = await a
      .resource(configMaps)
      .namespace("default")
      .create({ metadata: { name: "x", namespace: "default" }, data: { key: "value" } });
    const text = await etcd.get("/registry/configmaps/default/x");
    assert.ok(
      text.startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","namespace":"default","uid":"'),
    );
    const { metadata, data } = JSON.parse(text) as ConfigMap;
    assert.deepEqual(data, { key: "value" });
    assert.equal(metadata?.resourceVersion, undefined);
    assert.equal(metadata?.uid, made.metadata?.uid);
    const read = await b.resource(configMaps).namespace("default").get("x");
    assert.deepEqual(read.metadata, made.metadata);
    assert.deepEqual(Object.keys(read.metadata ?? {}), Object.keys(made.metadata ?? {}));
  });

  await t.test("what an upstream server stored as protobuf is read, and written back as JSON", async () => {
    await etcd.put("/registry/configmaps/default/old", protobufConfigMap("old", "default", { key: "before" }));
    const read = await b.resource(configMaps).namespace("default").get("old");
    assert.deepEqual([read.kind, read.data, read.metadata?.uid], ["ConfigMap", { key: "before" }, "uid-of-old"]);
    assert.match(read.metadata?.resourceVersion ?? "", /^\d+$/);
    await a
      .resource(configMaps)
      .namespace("default")
      .update({ ...read, data: { key: "after" } });
    assert.match(await etcd.get("/registry/configmaps/default/old"), /^\{"kind":"ConfigMap".*"key":"after"/);
  });

  await t.test("what is given out is given out once", async () => {
    const made = await Promise.all(
      Array.from({ length: 24 }, (_, i) => {
        const service: Service = {
          metadata: { name: `s${i}`, namespace: "default" },
          spec: { type: "NodePort", ports: [{ port: 80 }] },
        };
        return [a, b][i % 2]!.resource(services).namespace("default").create(service);
      }),
    );
    assert.equal(new Set(made.map(({ spec }) => spec?.clusterIP)).size, 24);
    assert.equal(new Set(made.map(({ spec }) => spec?.ports?.[0]?.nodePort)).size, 24);
    assert.equal((await etcd.keys("/registry/ipaddresses/")).length, 25);
    assert.deepEqual(await etcd.keys("/registry/ranges/"), ["/registry/ranges/servicenodeports"]);
  });

  await t.test("nothing acknowledged is lost, and no watcher misses or repeats an event", async () => {
    await a.transport.request({
      method: "POST",
      path: "/api/v1/namespaces",
      query: {},
      body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "load" } },
    });
    const { metadata } = await b.resource(configMaps).namespace("load").list();
    const stopWatching = new AbortController();
    const stopWriting = new AbortController();
    const watched: Seen[][] = [[], [], [], []];
    const watching = watched.map((seen, i) =>
      follow(i % 2 === 0 ? [a, b] : [b, a], metadata?.resourceVersion ?? "", seen, stopWatching.signal),
    );
    const log: WriteLog = { acknowledged: new Set(), unknown: new Set() };
    const writing = Array.from({ length: 12 }, (_, i) =>
      write(i % 2 === 0 ? [a, b] : [b, a], `w${i}`, log, stopWriting.signal),
    );
    /** So many more creates are acknowledged, and so much time has passed. */
    const more = async (count: number, ms: number) => {
      const wanted = log.acknowledged.size + count;
      await sleep(ms);
      await eventually(() => log.acknowledged.size >= wanted, { what: `${count} more creates` });
    };
    await more(50, 1000);
    await etcd.members[0]!.kill();
    await more(50, 2000);
    await first.kill();
    await more(50, 2000);
    stopWriting.abort();
    await Promise.all(writing);
    t.diagnostic(`${log.acknowledged.size} creates acknowledged, ${log.unknown.size} not`);

    const { items } = await b.resource(configMaps).namespace("load").list();
    const stored = new Map(items.map(({ metadata: m }) => [m?.name ?? "", Number(m?.resourceVersion)]));
    for (const name of log.acknowledged) assert.ok(stored.has(name), `${name} is lost`);
    for (const name of stored.keys()) assert.ok(log.acknowledged.has(name) || log.unknown.has(name), name);
    await eventually(() => watched.every((seen) => seen.length >= stored.size), { what: "the last event everywhere" });
    stopWatching.abort();
    const resumed = await Promise.all(watching);
    assert.ok(resumed[0]! >= 1 && resumed[2]! >= 1, "those of the dead server went on at the other");
    const inOrder = [...stored].sort(([, x], [, y]) => x - y).map(([name, version]) => `ADDED ${name} ${version}`);
    for (const seen of watched)
      assert.deepEqual(
        seen.map(({ type, name, version }) => `${type} ${name} ${version}`),
        inOrder,
      );
  });

  await t.test("the dead server is taken from the endpoints", async () => {
    await eventually(async () => {
      const found = await b.resource(endpoints).namespace("default").get("kubernetes");
      return found.subsets?.[0]?.addresses?.length === 1;
    });
  });
});

test("kubets up --etcd-servers keeps its objects there", { skip, timeout: 300_000 }, async (t) => {
  const etcd = await startSecureEtcd(t, 1);
  const flags = [...etcdFlags(etcd), "--etcd-prefix", "/other"];
  const cluster = await startCluster(t, { simulatedNodes: 1, flags });
  await cluster.kubectl("create", "deployment", "web", "--image=web:1");
  await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  const { spec } = JSON.parse(await etcd.get("/other/deployments/default/web")) as { spec: { replicas: number } };
  assert.equal(spec.replicas, 1);
  assert.deepEqual(await etcd.keys("/registry"), []);
  assert.equal((await cluster.kubets(["down"])).code, 0);
  assert.equal((await cluster.kubets(["up"])).code, 0, "the flags are kept");
  assert.match(await cluster.kubectl("get", "deployment", "web", "-o", "name"), /deployment\.apps\/web/);
  const elsewhere = await cluster.kubets(["up", "--etcd-prefix", "/registry"]);
  assert.match(elsewhere.stderr, /cannot change it to \/registry/);
});
