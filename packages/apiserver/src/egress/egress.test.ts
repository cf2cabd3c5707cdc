import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { type TestContext, test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";
import type { ServerContext } from "../server/context.ts";
import { dial, isUpgraded } from "../streaming/forward.ts";
import { send } from "../subresource/kubelet-client.ts";
import { type ConnectProxyOptions, connectProxy } from "../testing/connect-proxy.ts";
import { httpsHook } from "../testing/https-hook.ts";
import { podNamed, realServer } from "../testing/real-server.ts";
import { requestOf, send as sendTo } from "../testing/server.ts";
import { WebhookClient } from "../webhook/index.ts";
import { connectLater, throughAgent } from "./agents.ts";
import { type Egress, egressFrom } from "./egress.ts";

const header = "apiVersion: apiserver.k8s.io/v1beta1\nkind: EgressSelectorConfiguration\negressSelections:\n";
const through = (name: string, transport: object) =>
  `- name: ${name}\n  connection: {proxyProtocol: HTTPConnect, transport: ${JSON.stringify(transport)}}\n`;

async function proxyFor(t: TestContext, options?: ConnectProxyOptions) {
  const proxy = await connectProxy(options);
  t.after(() => proxy.close());
  return proxy;
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kubets-egress-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

const egressOf = (selections: string): Promise<Egress> => egressFrom(`${header}${selections}`, { clock: realClock });

test("what is direct, and what is not said, is connected to as ever", async () => {
  const direct = "- {name: cluster, connection: {proxyProtocol: Direct}}\n";
  assert.deepEqual(await egressOf(direct), {});
  const egress = await egressOf(`${direct}${through("master", { tcp: { url: "http://127.0.0.1:1" } })}`);
  assert.deepEqual(Object.keys(egress), ["controlplane", "meters"]);
});

const faults: [selections: string, message: RegExp][] = [
  [
    "- {name: odd, connection: {proxyProtocol: Direct}}",
    /Unsupported value: "odd": supported values: "cluster", "cont/,
  ],
  ["- {name: etcd, connection: {proxyProtocol: Odd}}", /connection\.protocol: Unsupported value: "Odd"/],
  ["- {name: etcd, connection: {proxyProtocol: HTTPConnect}}", /Required value: transport must be set for HTTPConnect/],
  [through("etcd", {}), /Required value: One of TCP or UDS must be set/],
  [through("etcd", { tcp: { url: "ftp://a" } }), /supported connection protocols are http:\/\/ and https:\/\//],
  [through("etcd", { tcp: { url: "https://a" } }), /Required value: TLSConfig must be present when using HTTPS/],
  [
    through("etcd", { tcp: { url: "https://a", tlsConfig: { clientCert: "/not/there", clientKey: "" } } }),
    /"\/not\/there": TLS client cert does not exist.*"nil": Using TLS requires requires clientKey/,
  ],
  [through("etcd", { uds: {} }), /udsName: Invalid value: "nil": must be present for UDS connections/],
  [
    "- {name: etcd, connection: {proxyProtocol: GRPC, transport: {tcp: {url: a}}}}",
    /uds: Required value: UDS must be se/,
  ],
  [
    "- {name: etcd, odd: 1, connection: {proxyProtocol: Direct}}",
    /^failed to read egress selector config: strict deco/,
  ],
];
for (const [selections, message] of faults)
  test(`refused: ${selections.slice(0, 90)}`, () => assert.rejects(egressOf(selections), { message }));

test("a server is reached through a proxy, over TCP, TLS and a socket file", async (t) => {
  const directory = directoryOf(t);
  const validity = { now: realClock.now(), days: 1 };
  const authority = await createCertificateAuthority({ commonName: "proxy-ca" }, validity);
  const usages = ["client", "server"] as const;
  const pair = await createCertificate({ commonName: "p", usages, ipAddresses: ["127.0.0.1"] }, authority, validity);
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const files = {
    caBundle: file("ca.crt", authority.certificate),
    clientCert: file("client.crt", pair.certificate),
    clientKey: file("client.key", pair.key),
  };
  const socketPath = join(directory, "proxy.sock");
  const tls = { cert: pair.certificate, key: pair.key, ca: authority.certificate, requestCert: true };
  const [plain, secure, local] = [await proxyFor(t), await proxyFor(t, { tls }), await proxyFor(t, { socketPath })];
  const backend = createServer((request, response) => response.end(`hello ${request.headers.host}`));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  t.after(() => backend.close());
  const { port } = backend.address() as AddressInfo;
  for (const [proxy, transport] of [
    [plain, { tcp: { url: `http://127.0.0.1:${plain.port}` } }],
    [secure, { tcp: { url: `https://127.0.0.1:${secure.port}`, tlsConfig: files } }],
    [local, { uds: { udsName: socketPath } }],
  ] as const) {
    const { cluster } = await egressOf(through("cluster", transport));
    const options = { host: "node.invalid", port, path: "/", ...throughAgent("http", cluster) };
    const response = await send({ scheme: "http", options }, "GET", {}, undefined, new AbortController().signal);
    let text = "";
    for await (const chunk of response) text += chunk;
    assert.equal(text, `hello node.invalid:${port}`);
    assert.deepEqual(proxy.asked, [`node.invalid:${port}`]);
  }
});

test("a proxy that refuses, or is not there, is told of", async (t) => {
  const refusing = await proxyFor(t, { answer: "HTTP/1.1 403 Forbidden\r\n\r\n" });
  const silent = await proxyFor(t, { answer: "" });
  const counted: string[] = [];
  const dial = async (port: number) => {
    const { etcd, meters } = await egressOf(through("etcd", { tcp: { url: `http://127.0.0.1:${port}` } }));
    try {
      return await etcd!("::1", 7);
    } finally {
      counted.push(...(meters?.lines() ?? []).filter((line) => line.includes("failure_count{")));
    }
  };
  await assert.rejects(dial(refusing.port), {
    message: `proxy error from 127.0.0.1:${refusing.port} while dialing [::1]:7, code 403: 403 Forbidden`,
  });
  await assert.rejects(dial(silent.port), /failed: unexpected EOF/);
  const gone = createTcpServer();
  gone.listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  gone.close();
  await once(gone, "close");
  await assert.rejects(dial(port), /ECONNREFUSED/);
  const failed = (stage: string) =>
    `apiserver_egress_dialer_dial_failure_count{protocol="http_connect",stage="${stage}",transport="tcp"} 1`;
  assert.deepEqual(counted, [failed("proxy"), failed("proxy"), failed("connect")]);
});

test("webhooks that are Services go the cluster's way, those with a URL the control plane's", async (t) => {
  const [cluster, controlplane] = [await proxyFor(t), await proxyFor(t)];
  const hook = await httpsHook(() => ({ fine: true }));
  t.after(() => hook.close());
  const client = new WebhookClient({
    clock: realClock,
    services: { resolve: async () => ({ host: "10.0.0.1", port: Number(new URL(hook.url).port) }) },
    egress: await egressOf(
      through("cluster", { tcp: { url: `http://127.0.0.1:${cluster.port}` } }) +
        through("controlplane", { tcp: { url: `http://127.0.0.1:${controlplane.port}` } }),
    ),
  });
  const caBundle = Buffer.from(hook.ca).toString("base64");
  for (let i = 0; i < 2; i++) assert.deepEqual(await client.call({ url: hook.url, caBundle }, {}), { fine: true });
  const service = { namespace: "default", name: "hook" };
  await assert.rejects(client.call({ service, caBundle }, {}), /hook\.default\.svc/);
  client.close();
  const { host } = new URL(hook.url);
  assert.deepEqual(controlplane.asked, [host]);
  assert.deepEqual(cluster.asked, [host.replace("127.0.0.1", "10.0.0.1")]);
});

test("pods are proxied to through the cluster's proxy", async (t) => {
  const proxy = await proxyFor(t);
  const egress = await egressOf(through("cluster", { tcp: { url: `http://127.0.0.1:${proxy.port}` } }));
  const backend = createServer((_request, response) => response.end("from the pod"));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  t.after(() => backend.close());
  const { port } = backend.address() as AddressInfo;
  const server = realServer({ egress });
  assert.ok((server.context as ServerContext).egress?.cluster);
  await sendTo(server, "POST", "/api/v1/namespaces/default/pods", podNamed("p"));
  const status = { podIP: "198.51.100.7", podIPs: [{ ip: "198.51.100.7" }] };
  const patch = { headers: { "content-type": "application/merge-patch+json" } };
  await sendTo(server, "PATCH", "/api/v1/namespaces/default/pods/p/status", { status }, patch);
  const path = `/api/v1/namespaces/default/pods/p:${port}/proxy/`;
  const { body } = await server.handle(requestOf("GET", path));
  assert.equal(body.type, "stream");
  let text = "";
  if (body.type === "stream") for await (const chunk of body.stream) text += chunk;
  assert.equal(text, "from the pod");
  assert.deepEqual(proxy.asked, [`198.51.100.7:${port}`]);
});

test("an upgraded connection goes the same way", async (t) => {
  const validity = { now: realClock.now(), days: 1 };
  const authority = await createCertificateAuthority({ commonName: "node-ca" }, validity);
  const pair = await createCertificate({ commonName: "node", usages: ["server"] }, authority, validity);
  const node = createHttpsServer({ cert: pair.certificate, key: pair.key });
  node.on("upgrade", (_request, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    socket.pipe(socket);
  });
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const { port } = node.address() as AddressInfo;
  const proxy = await proxyFor(t);
  const { cluster } = await egressOf(through("cluster", { tcp: { url: `http://127.0.0.1:${proxy.port}` } }));
  const to = { host: "10.1.2.3", port, path: "/", rejectUnauthorized: false, ...throughAgent("https", cluster) };
  const answer = await dial("https", { ...to, headers: { connection: "Upgrade", upgrade: "x" } });
  assert.ok(isUpgraded(answer));
  answer.socket.write("echo");
  const [said] = await once(answer.socket, "data");
  assert.equal(String(said), "echo");
  answer.socket.destroy();
  node.close();
  assert.deepEqual(proxy.asked, [`10.1.2.3:${port}`]);
});

test("whoever cannot wait for a connection is given one that waits", async (t) => {
  const proxy = await proxyFor(t);
  const { etcd } = await egressOf(through("etcd", { tcp: { url: `http://127.0.0.1:${proxy.port}` } }));
  const backend = createHttp2Server((_request, response) => response.end("over HTTP/2"));
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const { port } = backend.address() as AddressInfo;
  const later = connectLater(etcd!);
  const session = connectHttp2(`http://etcd.invalid:${port}`, { createConnection: () => later("etcd.invalid", port) });
  let text = "";
  for await (const chunk of session.request({ ":path": "/" })) text += chunk;
  assert.equal(text, "over HTTP/2");
  session.close();
  await once(session, "close");
  backend.close();
  assert.deepEqual(proxy.asked, [`etcd.invalid:${port}`]);
  const failing = connectLater(() => Promise.reject(new Error("no way")))("a", 1);
  const [error] = await once(failing, "error");
  assert.match(String(error), /no way/);
});

test("what came before a connection's end is read, however late", async () => {
  const [near, far] = duplexPair();
  // As a socket does.
  near.on("end", () => near.end());
  const later = connectLater(async () => near)("a", 1);
  far.end("the last words");
  far.resume();
  await once(near, "close");
  let text = "";
  for await (const chunk of later) text += chunk;
  assert.equal(text, "the last words");
});

test("a certificate that is none fails the request that would show it", async () => {
  const [near] = duplexPair();
  const options = { host: "a.invalid", port: 1, path: "/", cert: "none", key: "none" };
  const answer = dial("https", { ...options, ...throughAgent("https", async () => near) });
  await assert.rejects(answer, /PEM|no start line/);
});
