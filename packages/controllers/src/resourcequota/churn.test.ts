import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { pods, resourceQuotas, serviceAccounts } from "@kubets/api";
import { hasReason, isNotFound, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { createKubeApiServer, ensureClusterCertificates } from "@kubets/apiserver";
import { createClient } from "@kubets/client";
import { memoryStore } from "@kubets/storage";
import { controllerManager } from "../controller-manager.ts";
import { resourceQuotaController } from "./resourcequota-controller.ts";

const limit = 10;

suite("admission and controller on one quota", { timeout: 30_000 }, () => {
  test("hold it while pods come and go, and agree in the end", async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "quota-"));
    const stop = new AbortController();
    const ended: Promise<void>[] = [];
    t.after(async () => {
      stop.abort();
      await Promise.all(ended);
      await rm(directory, { recursive: true });
    });
    const base = { clock: realClock, random: realRandom, logger: silentLogger };
    const addresses = { dnsNames: [], ipAddresses: ["127.0.0.1"] };
    const certificates = await ensureClusterCertificates({ directory, ...base, ...addresses });
    const cluster = { serviceCIDR: "10.96.0.0/16", clusterDomain: "cluster.local", advertiseAddress: "127.0.0.1" };
    const { server } = await createKubeApiServer(
      { store: memoryStore(), certificates, ...cluster, ...base },
      stop.signal,
    );
    const serving = server.start(stop.signal);
    ended.push(serving);
    await Promise.race([server.ready, serving]);
    const client = createClient(server.transport({ name: "root", groups: ["system:masters"] }));
    const controllers = [resourceQuotaController];
    const manager = controllerManager({ client, clientFor: () => client, controllers, ...base });
    const managing = manager.start(stop.signal);
    ended.push(managing);
    await Promise.race([manager.ready, managing]);
    await client
      .resource(serviceAccounts)
      .namespace("default")
      .create({ metadata: { name: "default" } });
    const quotas = client.resource(resourceQuotas).namespace("default");
    const inDefault = client.resource(pods).namespace("default");
    await quotas.create({ metadata: { name: "q" }, spec: { hard: { pods: String(limit) } } });
    const used = async () => Number((await quotas.get("q")).status?.used?.["pods"] ?? Number.NaN);
    while (Number.isNaN(await used())) await realClock.sleep(10);

    const end = realClock.monotonic() + 800;
    let most = 0;
    let made = 0;
    const worker = async (id: number) => {
      for (let i = 0; realClock.monotonic() < end || made <= limit; i++) {
        const name = `p-${id}-${i}`;
        const spec = { containers: [{ name: "c", image: "i" }] };
        const isMade = await inDefault.create({ metadata: { name }, spec }).then(
          () => true,
          (error: unknown) => {
            if (!hasReason(error, "Forbidden")) throw error;
            return false;
          },
        );
        most = Math.max(most, (await inDefault.list()).items.length);
        if (isMade) made++;
        else await realClock.sleep(5);
        if (isMade && realRandom.next() < 0.7)
          await inDefault.delete(name, { gracePeriodSeconds: 0 }).catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, id) => worker(id)));
    assert.ok(most <= limit, `${most} pods at once`);
    const present = (await inDefault.list()).items.length;
    while ((await used()) !== present) await realClock.sleep(20);
  });
});
