/**
 * What any Node program would do for the same bytes: a bare `node:http2` server with TLS. GET gives the bytes it was last told to with PUT /bytes;
 * POST parses the body, serializes it, and stores it with the same fsynced group commit. Usage: bare-server.ts DIRECTORY
 */

import { createSecureServer, type Http2ServerRequest } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { realClock } from "@kubets/apimachinery";
import { ensureClusterCertificates } from "@kubets/apiserver";
import { openSqliteStore } from "@kubets/storage";

const directory = process.argv[2]!;
const [store, { apiServer }] = await Promise.all([
  openSqliteStore({ path: join(directory, "bare.db") }),
  ensureClusterCertificates({ directory, clock: realClock, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] }),
]);
let bytes: Uint8Array = Buffer.from("{}");
let created = 0;

function bodyOf(request: Http2ServerRequest): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on("error", reject);
  });
}

const json = { "content-type": "application/json" };
const server = createSecureServer(
  {
    key: apiServer.key,
    cert: apiServer.certificate,
    maxSessionMemory: 1024,
    settings: { initialWindowSize: 256 * 1024 },
  },
  async (request, response) => {
    if (request.method === "GET") return void response.writeHead(200, json).end(bytes);
    const body = await bodyOf(request);
    if (request.url === "/bytes") {
      bytes = body;
      return void response.writeHead(204).end();
    }
    const stored = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
    const key = `/registry/pods/default/p${created++}`;
    await store.commit({ key, expectedRevision: 0, value: () => ({ bytes: stored }) });
    response.writeHead(201, json).end(stored);
  },
);
server.on("connection", (socket) => socket.setNoDelay(true));
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
// Whoever measures says so, or is gone.
await new Promise<void>((resolve) => process.on("SIGTERM", resolve).on("disconnect", resolve));
await store.close();
process.exit(0);
