import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configMaps } from "@kubets/api";
import { realClock } from "@kubets/apimachinery";
import { ApiServer, ensureClusterCertificates, superAdminCertificate } from "@kubets/apiserver";
import { memoryStore } from "@kubets/storage";
import { createHttpsTransport } from "./https-transport.ts";
import { createInformerFactory } from "./informer-factory.ts";
import { createClient } from "./typed-client.ts";

test("an informer outlives its API server, over TLS", { timeout: 30_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "restart-"));
  const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  const certificates = await ensureClusterCertificates({ directory, clock: realClock, ...names });
  const admin = await superAdminCertificate(certificates.pki);
  const store = memoryStore();
  const { key, certificate: cert } = certificates.apiServer;
  const serve = async (port: number) => {
    const stop = new AbortController();
    const server = new ApiServer({
      store,
      authenticator: { authenticate: async () => ({ name: "admin", groups: ["system:masters"] }) },
      authorizer: { authorize: () => ({ decision: "Allow", reason: "" }) },
      listen: { bindAddress: "127.0.0.1", port, tls: { key, cert, clientCAs: [{ pem: certificates.ca.certificate }] } },
    });
    const running = server.start(stop.signal);
    await Promise.race([server.ready, running]);
    const end = async () => {
      stop.abort();
      await running;
    };
    return { port: server.port ?? 0, stop: end };
  };
  const first = await serve(0);
  const transport = createHttpsTransport({
    server: `https://localhost:${first.port}`,
    ca: certificates.ca.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  const client = createClient(transport);
  const maps = client.resource(configMaps).namespace("default");
  const stop = new AbortController();
  const factory = createInformerFactory(client);
  const informer = factory.informer(configMaps);
  factory.start(stop.signal);
  await factory.synced();
  await maps.create({ metadata: { name: "a" } });
  await first.stop();
  await assert.rejects(maps.get("a"), { name: "StatusError" });
  const second = await serve(first.port);
  await maps.create({ metadata: { name: "b" } });
  while (informer.lister.list("default").length < 2) await realClock.sleep(20);
  assert.deepEqual(
    informer.lister
      .list("default")
      .map(({ metadata }) => metadata?.name)
      .sort(),
    ["a", "b"],
  );
  stop.abort();
  await factory.stopped();
  transport.close();
  await second.stop();
  await rm(directory, { recursive: true });
});
