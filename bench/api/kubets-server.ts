/**
 * An API server as `kubets up` runs it, alone: RBAC, admission, the embedded store on disk. Says `{"port": N, ...}` on its standard output when
 * ready. Usage: [AUDIT=batch|blocking] [FAIRNESS=off|wide] kubets-server.ts DIRECTORY. With AUDIT every request is recorded there, at the level
 * Metadata. Requests queue fairly, as by default; "off" has the plain limits instead, "wide" ten times the seats.
 */

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { giveMemoryBackWhenIdle, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import type { AuditMode, AuditOptions } from "@kubets/apiserver";

const directory = process.argv[2]!;
const auditMode = process.env["AUDIT"] as AuditMode | undefined;
const audit: AuditOptions | undefined = auditMode && {
  policy: { text: "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]", path: "policy.yaml" },
  log: { path: join(directory, "audit.log"), mode: auditMode },
};
const fairness = process.env["FAIRNESS"];
const base = { clock: realClock, random: realRandom, logger: silentLogger };
// As `kubets up` has it: a process of its own makes the certificates, and this one loads the API server meanwhile.
const maker = new URL("./certificates.ts", import.meta.url).pathname;
const made = existsSync(join(directory, "ca.crt"))
  ? undefined
  : promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", maker, directory]);
const [{ createKubeApiServer }, store] = await Promise.all([
  import("@kubets/apiserver"),
  import("@kubets/storage").then(({ openSqliteStore }) => openSqliteStore({ path: join(directory, "store.db") })),
  made,
]);
const { certificatesIn } = await import("./certificates.ts");
const certificates = await certificatesIn(directory);
giveMemoryBackWhenIdle(realClock);
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
