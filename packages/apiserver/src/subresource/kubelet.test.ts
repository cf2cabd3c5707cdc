import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { after, before, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { realClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, type KeyPair } from "../certificates/create.ts";
import type { ServerContext } from "../server/context.ts";
import type { ApiServer } from "../server.ts";
import { podNamed, realServer } from "../testing/real-server.ts";
import { requestOf, send } from "../testing/server.ts";
import { KubeletClient } from "./kubelet-client.ts";

const pods = "/api/v1/namespaces/default/pods";
const stop = new AbortController();
const asked: string[] = [];
let kubelet: Server;
let server: ApiServer;
let running: Promise<void>;
let leaf: KeyPair;

/** Answers as a kubelet would, and remembers what it was asked. */
function answer(request: IncomingMessage): { status: number; body: string } {
  const { subject } = (request.socket as TLSSocket).getPeerCertificate();
  asked.push(`${request.method} ${request.url} as ${subject?.CN}`);
  if (request.url!.startsWith("/containerLogs/default/p/c")) return { status: 200, body: "line 1\nline 2\n" };
  if (request.url!.startsWith("/containerLogs")) return { status: 400, body: "container is waiting to start" };
  return { status: 200, body: `kubelet ${request.url}` };
}

before(async () => {
  const validity = { now: realClock.now(), days: 1 };
  const ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
  const options = { commonName: "me", usages: ["server", "client"] as const, ipAddresses: ["127.0.0.1"] };
  leaf = await createCertificate(options, ca, validity);
  const tls = { key: leaf.key, cert: leaf.certificate };
  kubelet = createServer(
    { ...tls, ca: ca.certificate, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { status, body } = answer(request);
      response.writeHead(status, { "content-type": "text/plain" }).end(body);
    },
  );
  kubelet.on("upgrade", (request: IncomingMessage, socket) => {
    answer(request);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\nhello ");
    socket.pipe(socket);
  });
  kubelet.listen(0, "127.0.0.1");
  await once(kubelet, "listening");
  const { port } = kubelet.address() as AddressInfo;
  server = realServer({
    kubelet: { cert: leaf.certificate, key: leaf.key, ca: ca.certificate },
    listen: { tls, bindAddress: "127.0.0.1", port: 0 },
  });
  running = server.start(stop.signal);
  await server.ready;
  const node = { metadata: { name: "n1" } };
  assert.equal((await send(server, "POST", "/api/v1/nodes", node)).status, 201);
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
  };
  const headers = { "content-type": "application/merge-patch+json" };
  const patched = await send(server, "PATCH", "/api/v1/nodes/n1/status", { status }, { headers });
  assert.equal(patched.status, 200, patched.text);
  for (const name of ["p", "waiting"]) await send(server, "POST", pods, podNamed(name, { nodeName: "n1" }));
  await send(server, "POST", pods, podNamed("nowhere"));
});

after(async () => {
  stop.abort();
  await running;
  kubelet.closeAllConnections();
  kubelet.close();
});

async function streamed(url: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const response = await server.handle(requestOf("GET", url, undefined, { headers }));
  const chunks: Uint8Array[] = [];
  if (response.body.type === "stream") for await (const chunk of response.body.stream) chunks.push(chunk);
  if (response.body.type === "bytes") chunks.push(response.body.bytes);
  return { status: response.status, text: Buffer.concat(chunks).toString() };
}

test("logs are the kubelet's, asked for as the API server", async () => {
  const logs = await streamed(`${pods}/p/log?follow=true&tailLines=5&previous=false`);
  assert.deepEqual(logs, { status: 200, text: "line 1\nline 2\n" });
  assert.equal(asked.at(-1), "GET /containerLogs/default/p/c?follow=true&tailLines=5 as me");
  const waiting = await send(server, "GET", `${pods}/waiting/log`);
  assert.deepEqual([waiting.status, waiting.json.message], [400, "container is waiting to start"]);
  const wrong = await send(server, "GET", `${pods}/p/log?container=x`);
  assert.equal(wrong.json.message, "container x is not valid for pod p");
  assert.deepEqual(await streamed(`${pods}/nowhere/log`), { status: 200, text: "" });
});

test("exec over SPDY is passed through byte for byte, both ways", async () => {
  const socket = connect({ port: server.port!, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.write(
    `POST ${pods}/p/exec?command=sh&command=-c&command=a%20b&stdin=true&stdout=true&tty=true HTTP/1.1\r\nHost: x\r\n` +
      "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nAuthorization: Bearer secret\r\n\r\n",
  );
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  while (!text.includes("hello ")) await once(socket, "data");
  assert.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  socket.write("world");
  while (!text.includes("world")) await once(socket, "data");
  assert.ok(text.endsWith("\r\n\r\nhello world"));
  assert.equal(asked.at(-1), "POST /exec/default/p/c?input=1&output=1&tty=1&command=sh&command=-c&command=a+b as me");
  socket.destroy();
});

test("exec that cannot be is a Status on the same connection", async () => {
  const socket = connect({ port: server.port!, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.write(
    `POST ${pods}/zz/exec?command=sh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`,
  );
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  await once(socket, "close");
  assert.match(text, /^HTTP\/1\.1 404 Not Found\r\n/);
  assert.match(text, /"pods \\"zz\\" not found"/);
  const plain = await send(server, "POST", `${pods}/p/exec?command=sh`);
  assert.deepEqual([plain.status, plain.json.message], [400, "Upgrade request required"]);
});

test("proxies reach the node, a pod and a Service's endpoint", async () => {
  const node = await streamed("/api/v1/nodes/n1/proxy/stats/summary?x=1");
  assert.deepEqual(node, { status: 200, text: "kubelet /stats/summary?x=1" });
  const inside = createHttpServer(({ method, url, headers }, response) => {
    if (url !== "/page") return void response.end(`inside ${method} ${url}`);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.setHeader("access-control-allow-origin", "*");
    response.end(`<a href="/next">${headers["x-forwarded-uri"]} ${headers.host} ${headers.cookie}</a>`);
  });
  // A pod's address is never loopback: this machine's own stands for one.
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === "IPv4" && !each.internal)?.address;
  inside.listen(0, address ?? "127.0.0.1");
  await once(inside, "listening");
  const { port } = inside.address() as AddressInfo;
  const podAt = (ip: string) => {
    const headers = { "content-type": "application/merge-patch+json" };
    return send(server, "PATCH", `${pods}/p/status`, { status: { podIP: ip, podIPs: [{ ip }] } }, { headers });
  };
  try {
    if (address !== undefined) {
      await podAt(address);
      const pod = await streamed(`${pods}/p:${port}/proxy/a%2Fb/?q=1`);
      assert.deepEqual(pod, { status: 200, text: "inside GET /a%2Fb/?q=1" });
      const prefix = `${pods}/p:${port}/proxy`;
      const page = await streamed(`${prefix}/page`, { host: "api.example", cookie: "a=b" });
      const text = `<a href="${prefix}/next">${prefix}/page api.example a=b</a>`;
      assert.deepEqual(page, { status: 200, text });
    }
    await podAt("127.0.0.1");
    const own = await send(server, "GET", `${pods}/p:${port}/proxy/`);
    assert.deepEqual([own.status, own.json.message], [400, "address not allowed"]);
    const redirect = await send(server, "GET", `${pods}/p:${port}/proxy`);
    assert.deepEqual([redirect.status, redirect.headers["location"]], [301, `${pods}/p:${port}/proxy/`]);
    const none = await send(server, "GET", "/api/v1/namespaces/default/services/kubernetes/proxy/");
    assert.equal(none.status, 404);
  } finally {
    inside.closeAllConnections();
    inside.close();
  }
});

test("a kubelet that is not there is 503", async () => {
  await send(server, "POST", "/api/v1/nodes", { metadata: { name: "n2" } });
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: 1 } },
  };
  const headers = { "content-type": "application/merge-patch+json" };
  await send(server, "PATCH", "/api/v1/nodes/n2/status", { status }, { headers });
  const gone = await send(server, "GET", "/api/v1/nodes/n2/proxy/x");
  assert.equal(gone.status, 503);
  assert.match(gone.json.message, /^error trying to reach service: /);
});

test("a node's other ports are not shown the API server's certificate, and this machine's are not reached at all", async () => {
  const before = asked.length;
  const other = await send(server, "GET", `/api/v1/nodes/https:n1:${server.port}/proxy/api/v1/secrets`);
  assert.deepEqual([other.status, other.json.message], [400, "address not allowed"]);
  assert.equal(asked.length, before);
  const { options } = await new KubeletClient({ cert: leaf.certificate, key: leaf.key }).location(
    {
      resources: {
        find: () => ({
          registry: {
            get: async () => ({ object: { status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] } } }),
          },
        }),
      },
    } as unknown as ServerContext,
    "n",
    "/",
    { scheme: "https", port: 6443 },
  );
  assert.deepEqual([options.port, options.cert, options.key], [6443, undefined, undefined]);
});

test("exec asks for create, however it is asked for", async () => {
  const reader = realServer({
    kubelet: { cert: leaf.certificate, key: leaf.key },
    authorizer: { authorize: ({ verb }) => ({ decision: verb === "create" ? "NoOpinion" : "Allow", reason: "" }) },
  });
  const refused = await send(reader, "GET", `${pods}/p/exec?command=sh`);
  assert.deepEqual([refused.status, refused.json.reason], [403, "Forbidden"]);
  assert.match(refused.json.message, /cannot create resource "pods\/exec"/);
  assert.equal((await send(reader, "GET", "/api/v1/watch/namespaces/default/pods/p/exec?command=sh")).status, 405);
});

test("port-forward over WebSocket carries SPDY bytes as kubectl sends them", async () => {
  const socket = connect({ port: server.port!, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.write(
    `GET ${pods}/p/portforward HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n",
  );
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  while (!bytes.includes("hello ")) await once(socket, "data");
  const [head, rest] = bytes.toString("latin1").split("\r\n\r\n");
  assert.match(head!, /^HTTP\/1\.1 101 /);
  assert.match(head!, /Sec-WebSocket-Protocol: SPDY\/3\.1\+portforward\.k8s\.io/);
  // One binary message of six bytes.
  assert.equal(rest, "\x82\x06hello ");
  assert.equal(asked.at(-1), "POST /portForward/default/p? as me");
  socket.destroy();
});
