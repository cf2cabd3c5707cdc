/**
 * An API server as `kubets up` runs it, alone: RBAC, admission, the embedded store on disk. Says `{"port": N, ...}` on its standard output when
 * ready. Usage: [AUDIT=batch|blocking] [FAIRNESS=off|wide] kubets-server.ts DIRECTORY. With AUDIT every request is recorded there, at the level
 * Metadata. Requests queue fairly, as by default; "off" has the plain limits instead, "wide" ten times the seats.
 */

import { join } from "node:path";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { type AuditMode, type AuditOptions, createKubeApiServer, ensureClusterCertificates } from "@kubets/apiserver";
import { openSqliteStore } from "@kubets/storage";

const directory = process.argv[2]!;
const auditMode = process.env["AUDIT"] as AuditMode | undefined;
const audit: AuditOptions | undefined = auditMode && {
  policy: { text: "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]", path: "policy.yaml" },
  log: { path: join(directory, "audit.log"), mode: auditMode },
};
const fairness = process.env["FAIRNESS"];
const base = { clock: realClock, random: realRandom, logger: silentLogger };
const [store, certificates] = await Promise.all([
  openSqliteStore({ path: join(directory, "store.db") }),
  ensureClusterCertificates({ directory, clock: realClock, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] }),
]);
const stop = new AbortController();
const { server } = await createKubeApiServer(
  {
    store,
    certificates,
    serviceCIDR: "10.96.0.0/16",
    advertiseAddress: "10.86.0.1",
    clusterDomain: "cluster.local",
    listen: { bindAddress: "127.0.0.1", port: 0 },
    // The second is an ordinary user: what it may do is looked up in RBAC.
    tokenFile: { path: "tokens", text: 'admin,admin,1,"system:masters"\nbench,bench,2\n' },
    ...(audit === undefined ? {} : { audit }),
    enablePriorityAndFairness: fairness !== "off",
    ...(fairness === "wide" ? { inFlight: { reading: 4000, mutating: 2000 } } : {}),
    ...base,
  },
  stop.signal,
);
const running = server.start(stop.signal);
await server.ready;
console.log(JSON.stringify({ port: server.port, uptimeMs: Math.round(process.uptime() * 1000) }));
process.on("SIGTERM", () => stop.abort());
// Whoever measures is gone.
process.on("disconnect", () => stop.abort());
process.on("message", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ heapUsed, external, rss });
});
await running;
await store.close();
process.disconnect?.();
