/**
 * How fast the API server answers, as a ratio to a bare `node:http2` server sending the same bytes over the same TLS on the same machine in the
 * same run. Usage: scripts/node bench/api.ts [--json] [--pods N]
 */

import { type ClientHttp2Session, connect, createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { realClock } from "@kubets/apimachinery";
import { ApiServer, type ApiServerOptions } from "@kubets/apiserver";
import { memoryStore } from "@kubets/storage";
import { certificateForLoopback } from "./loopback-certificate.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, pods: { type: "string", default: "5000" } } });
const count = Number(values.pods);
const connections = 4;
const concurrency = 64;
const podsPath = "/api/v1/namespaces/default/pods";

interface Result {
  readonly what: string;
  readonly kubets: number;
  readonly bare: number;
  readonly unit: string;
}

function call(session: ClientHttp2Session, method: string, path: string, body?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ":method": method,
      ":path": path,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const stream = session.request(headers, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on("response", (response) => {
      status = Number(response[":status"]);
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      const bytes = Buffer.concat(chunks);
      if (status < 300) resolve(bytes);
      else reject(new Error(`${method} ${path}: ${status} ${bytes.toString().slice(0, 200)}`));
    });
    if (body !== undefined) stream.end(body);
  });
}

/** Calls a second, from `concurrency` callers. */
async function rate(calls: number, one: (index: number) => Promise<unknown>): Promise<number> {
  const started = realClock.monotonic();
  let next = 0;
  const caller = async () => {
    while (next < calls) await one(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return Math.round((calls / (realClock.monotonic() - started)) * 1000);
}

const pod = (index: number) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `p${index}`, labels: { app: "bench" } },
    spec: { nodeName: `n${index % 50}`, containers: [{ name: "c", image: "nginx:1", ports: [{ containerPort: 80 }] }] },
  });

const tls = await certificateForLoopback();
const everyone: Pick<ApiServerOptions, "authenticator" | "authorizer"> = {
  authenticator: { authenticate: async () => ({ name: "bench", groups: ["system:masters"] }) },
  authorizer: { authorize: () => ({ decision: "Allow", reason: "" }) },
};
const server = new ApiServer({
  ...everyone,
  store: memoryStore(),
  listen: { tls, bindAddress: "127.0.0.1", port: 0 },
});
const stop = new AbortController();
const running = server.start(stop.signal);
await server.ready;

let bareBytes: Buffer = Buffer.alloc(0);
const bare = createSecureServer({ key: tls.key, cert: tls.cert, maxSessionMemory: 1024 }, (request, response) => {
  request.resume();
  request.on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(bareBytes));
});
await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));

const open = (port: number) =>
  Array.from({ length: connections }, () =>
    connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, maxSessionMemory: 1024 }),
  );
const ours = open(server.port!);
const theirs = open((bare.address() as AddressInfo).port);
const pick = (sessions: ClientHttp2Session[], index: number) => sessions[index % sessions.length]!;

const results: Result[] = [];
async function compare(
  what: string,
  calls: number,
  one: (sessions: ClientHttp2Session[], index: number) => Promise<unknown>,
) {
  const kubets = await rate(calls, (index) => one(ours, index));
  const bareRate = await rate(calls, (index) => one(theirs, index));
  results.push({ what, kubets, bare: bareRate, unit: "per second" });
}

bareBytes = await call(ours[0]!, "POST", podsPath, pod(count + 1));
await compare("create a pod", count, (sessions, i) => call(pick(sessions, i), "POST", podsPath, pod(i)));
await compare("get a pod", count * 2, (sessions, i) => call(pick(sessions, i), "GET", `${podsPath}/p${i % count}`));
bareBytes = await call(ours[0]!, "GET", podsPath);
await compare(`list ${count} pods`, 50, (sessions, i) => call(pick(sessions, i), "GET", podsPath));

for (const session of [...ours, ...theirs]) session.destroy();
bare.close();
stop.abort();
await running;

if (values.json) console.log(JSON.stringify(results));
else {
  console.table(
    results.map(({ what, kubets, bare: other, unit }) => ({
      what,
      [`kubets (${unit})`]: kubets,
      [`bare node:http2 (${unit})`]: other,
      ratio: (kubets / other).toFixed(2),
    })),
  );
}
