/** An API server as a process of its own: what several of one cluster are. Says its port on standard output; ends with its input. */

import { readFileSync } from "node:fs";
import { decodeProtobuf } from "@kubets/api/protobuf";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { createKubeApiServer } from "@kubets/apiserver";
import { ensureClusterCertificates } from "@kubets/apiserver/certificates";
import { objectForm, openEtcdStore } from "@kubets/storage";

export interface ApiServerFixture {
  readonly servers: readonly string[];
  readonly directory: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly advertiseAddress: string;
}

const options = JSON.parse(process.argv[2]!) as ApiServerFixture;
const base = { clock: realClock, random: realRandom, logger: silentLogger };
const certificates = await ensureClusterCertificates({
  directory: options.directory,
  clock: realClock,
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
});
const text = (file: string): string => readFileSync(file, "utf8");
const tls = { ca: text(options.caFile), certificate: text(options.certFile), key: text(options.keyFile) };
const store = await openEtcdStore({ servers: options.servers, tls, form: objectForm({ decodeProtobuf }), ...base });
const stop = new AbortController();
process.stdin.on("end", () => stop.abort()).resume();
const { server } = await createKubeApiServer(
  {
    store,
    certificates,
    serviceCIDR: "10.96.0.0/16",
    clusterDomain: "cluster.local",
    advertiseAddress: options.advertiseAddress,
    hostname: options.advertiseAddress,
    listen: { bindAddress: "127.0.0.1", port: 0 },
    ...base,
  },
  stop.signal,
);
server.ready.then(() => console.log(`port ${server.port}`)).catch(() => undefined);
await server.start(stop.signal);
await store.close();
