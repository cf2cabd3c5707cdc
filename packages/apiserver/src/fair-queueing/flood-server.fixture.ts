/**
 * An API server in memory, in a process of its own: who floods it shares nothing with it but sockets. Users "noisy" and "quiet" are ordinary ones that
 * may do everything; "root" is of system:masters. Says its port as its first message; ends when the one who started it does.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { ensureClusterCertificates } from "../certificates/cluster-certificates.ts";
import { createKubeApiServer } from "../kube-apiserver.ts";

const directory = mkdtempSync(join(tmpdir(), "kubets-flood-"));
const base = { clock: realClock, random: realRandom, logger: silentLogger };
const addresses = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
const certificates = await ensureClusterCertificates({ directory, clock: realClock, ...addresses });
rmSync(directory, { recursive: true });
const stop = new AbortController();
const { server } = await createKubeApiServer(
  {
    store: memoryStore(),
    certificates,
    serviceCIDR: "10.96.0.0/16",
    clusterDomain: "cluster.local",
    advertiseAddress: "10.86.0.1",
    listen: { bindAddress: "127.0.0.1", port: 0 },
    tokenFile: { path: "tokens", text: 'root,root,1,"system:masters"\nnoisy,noisy,2,dev\nquiet,quiet,3,dev\n' },
    inFlight: { reading: Number(process.argv[2]), mutating: 0 },
    ...base,
  },
  stop.signal,
);
const running = server.start(stop.signal);
await server.ready;
process.on("disconnect", () => stop.abort());
process.send!({ port: server.port });
await running;
