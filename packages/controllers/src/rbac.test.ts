import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import * as api from "@kubets/api";
import {
  formatTime,
  isNotFound,
  type Logger,
  realClock,
  realRandom,
  StatusError,
  silentLogger,
} from "@kubets/apimachinery";
import { createKubeApiServer, ensureClusterCertificates, superAdminCertificate } from "@kubets/apiserver";
import { createClient, createHttpsTransport } from "@kubets/client";
import { memoryStore } from "@kubets/storage";
import { controllerManager } from "./controller-manager.ts";
import { defaultControllers } from "./default-controllers.ts";
import { isNamespaceTerminating } from "./runtime/controller.ts";

/** Collects what was refused. */
function refusals(into: string[]): Logger {
  const note = (message: string, values?: Readonly<Record<string, unknown>>) => {
    const err = values?.err;
    if (err instanceof StatusError && (err.code === 403 || err.code === 401) && !isNamespaceTerminating(err))
      into.push(`${message}: ${err.message}`);
  };
  const logger: Logger = { ...silentLogger, debug: note, info: note, warn: note, error: note, child: () => logger };
  return logger;
}

suite("controllers with no more rights than upstream's roles give them", { timeout: 60_000 }, () => {
  test("do their work, seen from outside over TLS", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rbac-"));
    const stop = new AbortController();
    const refused: string[] = [];
    const logger = refusals(refused);
    const certificates = await ensureClusterCertificates({
      directory: folder,
      clock: realClock,
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1", "10.96.0.1"],
    });
    const options = { store: memoryStore(), certificates, serviceCIDR: "10.96.0.0/16", clusterDomain: "cluster.local" };
    const listen = { bindAddress: "127.0.0.1", port: 0 };
    const base = { clock: realClock, random: realRandom, logger };
    const { server, tokens } = await createKubeApiServer(
      { ...options, ...base, listen, advertiseAddress: "10.0.0.1" },
      stop.signal,
    );
    const serving = server.start(stop.signal);
    await Promise.race([server.ready, serving]);
    const clientFor = (name: string, groups: string[]) =>
      createClient(server.transport({ name, groups: [...groups, "system:authenticated"] }));
    const manager = controllerManager({
      client: clientFor("system:kube-controller-manager", []),
      clientFor: (account) =>
        clientFor(`system:serviceaccount:kube-system:${account}`, [
          "system:serviceaccounts",
          "system:serviceaccounts:kube-system",
        ]),
      controllers: defaultControllers({
        rootCA: certificates.ca.certificate,
        nodeIpam: { clusterCIDRs: ["10.244.0.0/16"] },
        signToken: ({ namespace, serviceAccountName: name, serviceAccountUID: uid, secretName }) =>
          tokens.legacyToken({ metadata: { namespace, name, uid } }, secretName),
      }),
      ...base,
    });
    const managing = manager.start(stop.signal);
    await Promise.race([manager.ready, managing]);
    const admin = await superAdminCertificate(certificates.pki);
    const transport = createHttpsTransport({
      server: `https://127.0.0.1:${server.port}`,
      ca: certificates.ca.certificate,
      cert: admin.certificate,
      key: admin.key,
    });
    const client = createClient(transport);
    try {
      await walk(client);
    } finally {
      stop.abort();
      transport.close();
      await Promise.all([serving, managing]);
      await rm(folder, { recursive: true });
    }
    assert.deepEqual(refused, []);
  });
});

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < 6000; turn++) {
    if (await condition()) return;
    await realClock.sleep(5);
  }
  assert.fail(`waited in vain for ${what}`);
}

async function walk(client: ReturnType<typeof createClient>): Promise<void> {
  const now = formatTime(realClock.now());
  await client.resource(api.nodes).create({ metadata: { name: "n" } });
  const status = { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: now, lastTransitionTime: now }] };
  await client.resource(api.nodes).patch("n", "application/merge-patch+json", { status }, { subresource: "status" });
  await client.resource(api.namespaces).create({ metadata: { name: "app" } });
  const inApp = <T extends api.Resource>(resource: T) => client.resource(resource).namespace("app");
  await until(async () => (await inApp(api.serviceAccounts).list()).items.length === 1, "the default account");
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { nodeName: "n", containers: [{ name: "c", image: "web:1" }] } };
  const web = { metadata: { name: "web" }, spec: { replicas: 2, selector: { matchLabels: labels }, template } };
  await client.resource(api.deployments).namespace("app").create(web);
  await client
    .resource(api.services)
    .namespace("app")
    .create({ metadata: { name: "web" }, spec: { selector: labels, ports: [{ port: 80 }] } });
  const annotations = { "kubernetes.io/service-account.name": "default" };
  const type = "kubernetes.io/service-account-token";
  await client
    .resource(api.secrets)
    .namespace("app")
    .create({ metadata: { name: "t", annotations }, type });
  const pods = client.resource(api.pods).namespace("app");
  await until(async () => (await pods.list()).items.length === 2, "two pods");
  for (const pod of (await pods.list()).items) {
    const running = {
      phase: "Running",
      podIP: "10.244.0.2",
      podIPs: [{ ip: "10.244.0.2" }],
      conditions: status.conditions,
    };
    const patch = { status: { ...running, conditions: [{ type: "Ready", status: "True", lastTransitionTime: now }] } };
    await pods.patch(pod.metadata?.name ?? "", "application/merge-patch+json", patch, { subresource: "status" });
  }
  const slices = client.resource(api.endpointSlices).namespace("app");
  await until(async () => (await slices.list()).items[0]?.endpoints?.length === 2, "two endpoints");
  await until(
    async () => (await client.resource(api.secrets).namespace("app").get("t")).data?.token !== undefined,
    "a token",
  );
  await until(
    async () => (await client.resource(api.nodes).get("n")).spec?.podCIDR === "10.244.0.0/24",
    "pod addresses",
  );
  await until(
    async () => ((await client.resource(api.clusterRoles).get("view")).rules ?? []).length > 0,
    "aggregated rules",
  );
  await client.resource(api.deployments).namespace("app").delete("web", { propagationPolicy: "Foreground" });
  await until(
    async () => (await pods.list()).items.every(({ metadata }) => metadata?.deletionTimestamp !== undefined),
    "dying pods",
  );
  for (const pod of (await pods.list()).items) await pods.delete(pod.metadata?.name ?? "", { gracePeriodSeconds: 0 });
  await until(async () => (await inApp(api.deployments).list()).items.length === 0, "the Deployment to be gone");
  await others(client);
  await client.resource(api.namespaces).delete("app");
  await until(
    () =>
      client
        .resource(api.namespaces)
        .get("app")
        .then(() => false, isNotFound),
    "the namespace to be gone",
  );
}

/** One of each of the other workloads: enough to see that their controllers may do what they do. */
async function others(client: ReturnType<typeof createClient>): Promise<void> {
  const podsOf = async (app: string) =>
    (
      await client
        .resource(api.pods)
        .namespace("app")
        .list({ labelSelector: `app=${app}` })
    ).items;
  const parts = (app: string) => ({
    selector: { matchLabels: { app } },
    template: { metadata: { labels: { app } }, spec: { containers: [{ name: "c", image: "i" }] } },
  });
  const metadata = (name: string) => ({ name, namespace: "app" });
  await client.resource(api.daemonSets).create({ metadata: metadata("ds"), spec: parts("ds") });
  await client
    .resource(api.statefulSets)
    .create({ metadata: metadata("sts"), spec: { ...parts("sts"), serviceName: "sts" } });
  const rc = { selector: { app: "rc" }, template: parts("rc").template };
  await client.resource(api.replicationControllers).create({ metadata: metadata("rc"), spec: rc });
  const once = { ...parts("job").template, spec: { ...parts("job").template.spec, restartPolicy: "Never" } };
  await client
    .resource(api.jobs)
    .create({ metadata: metadata("job"), spec: { template: once, ttlSecondsAfterFinished: 0 } });
  for (const app of ["ds", "sts", "rc", "job"])
    await until(async () => (await podsOf(app)).length === 1, `a pod of ${app}`);
  const [pod] = await podsOf("job");
  const patch = { status: { phase: "Succeeded" } };
  const jobPods = client.resource(api.pods).namespace("app");
  await jobPods.patch(pod?.metadata?.name ?? "", "application/merge-patch+json", patch, { subresource: "status" });
  await until(
    async () => (await client.resource(api.jobs).namespace("app").list()).items.length === 0,
    "the Job to be done and gone",
  );
}
