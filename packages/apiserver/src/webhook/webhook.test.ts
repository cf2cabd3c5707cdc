import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, type KeyPair } from "../certificates/create.ts";
import { MetricsRegistry } from "../metrics/families.ts";
import { WebhookClient } from "./client.ts";
import { kubeconfigCaller } from "./kubeconfig-caller.ts";
import { webhookUsers } from "./webhook-users.ts";

const validity = { now: realClock.now(), days: 2 };
let authority: KeyPair;
let server: Server;
let port: number;
let connections = 0;
const seen: { url: string; host: string; authorization: string }[] = [];

before(async () => {
  authority = await createCertificateAuthority({ commonName: "test" }, validity);
  const options = { commonName: "hook", usages: ["server"], dnsNames: ["hook.default.svc"] } as const;
  const { certificate, key } = await createCertificate({ ...options, ipAddresses: ["127.0.0.1"] }, authority, validity);
  server = createServer({ cert: certificate, key }, (request, response): void => {
    const { url = "", headers } = request;
    seen.push({ url, host: headers.host ?? "", authorization: headers.authorization ?? "" });
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", (): unknown => {
      if (url.startsWith("/slow")) return undefined;
      if (url.startsWith("/text")) return response.end("hello");
      if (url.startsWith("/empty")) return response.end();
      if (url.startsWith("/switch"))
        return response.socket?.write("HTTP/1.1 101 Hm\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
      if (url.startsWith("/missing")) return response.writeHead(404).end("nothing");
      if (url.startsWith("/broken")) return response.writeHead(500).end("boom");
      if (url.startsWith("/large")) return response.end(Buffer.alloc(11 * 1024 * 1024));
      return response.end(JSON.stringify({ got: JSON.parse(body) }));
    });
  });
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const caBundle = () => Buffer.from(authority.certificate).toString("base64");
const clientOf = (isSelf?: () => boolean, meters?: MetricsRegistry) =>
  new WebhookClient({
    clock: realClock,
    meters,
    services: { resolve: async () => ({ host: "127.0.0.1", port }) },
    ...(isSelf === undefined ? {} : { isSelf }),
  });
const byUrl = (path: string) => ({ url: `https://127.0.0.1:${port}${path}`, caBundle: caBundle() });

test("a Service is called by its name, over connections that are kept", async () => {
  const client = clientOf();
  const target = {
    service: { namespace: "default", name: "hook", path: "/validate?x=1", port: 443 },
    caBundle: caBundle(),
  };
  const before = connections;
  assert.deepEqual(await client.call(target, { a: 1 }, { timeoutMs: 9500 }), { got: { a: 1 } });
  assert.deepEqual(await client.call({ ...target }, { a: 2 }), { got: { a: 2 } });
  assert.equal(connections - before, 1);
  assert.deepEqual(seen.at(-2)?.host, "hook.default.svc:443");
  assert.equal(seen.at(-2)?.url, "/validate?x=1&timeout=10s");
  client.close();
});

test("failures in Go's words", async () => {
  const client = clientOf();
  const url = (path: string) => `Post "https://127.0.0.1:${port}${path}": `;
  const fails = async (target: object, message: string | RegExp, timeoutMs = 5000) => {
    await assert.rejects(client.call(target, {}, { timeoutMs }), { name: "WebhookCallError", message });
  };
  await fails(byUrl("/slow"), `${url("/slow?timeout=1s")}context deadline exceeded`, 100);
  await fails(
    byUrl("/text"),
    "couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value",
  );
  await fails(byUrl("/empty"), "0-length response with status code: 200 and content type: ");
  await fails(byUrl("/switch"), `${url("/switch?timeout=5s")}the connection ended before there was an answer`);
  await fails(byUrl("/missing"), "the server could not find the requested resource");
  await fails(byUrl("/broken"), 'an error on the server ("boom") has prevented the request from succeeding');
  await fails(byUrl("/large"), /the answer is larger than \d+ bytes/);
  const untrusted = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  await fails({ url: `https://127.0.0.1:${port}/x` }, `${url("/x?timeout=5s")}${untrusted}`);
  const other = { service: { namespace: "other", name: "hook" }, caBundle: caBundle() };
  const names = "certificate is valid for hook.default.svc, 127.0.0.1, not hook.other.svc";
  await fails(
    other,
    `Post "https://hook.other.svc:443/?timeout=5s": tls: failed to verify certificate: x509: ${names}`,
  );
  await fails(
    { url: "https://127.0.0.1:1/" },
    'Post "https://127.0.0.1:1/?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused',
  );
  client.close();
});

test("default/kubernetes is this server, for paths that another answers", async () => {
  const client = new WebhookClient({
    clock: realClock,
    services: { resolve: async () => ({ host: "127.0.0.1", port }) },
    isSelf: () => true,
    loopback: (path, body) =>
      path === "/apis/a.b/v1/x"
        ? Promise.resolve({ looped: body })
        : path === "/slow"
          ? new Promise(() => {})
          : undefined,
  });
  const target = (path: string) => ({ service: { namespace: "default", name: "kubernetes", path } });
  assert.deepEqual(await client.call(target("/apis/a.b/v1/x"), { a: 1 }), { looped: { a: 1 } });
  await assert.rejects(client.call(target("/slow"), {}, { timeoutMs: 20 }), {
    message: 'Post "https://kubernetes.default.svc:443/slow": context deadline exceeded',
  });
  await assert.rejects(client.call(target("/api/v1/pods"), {}), /is the API server itself/);
});

test("a bundle that holds no certificate", async () => {
  const target = { url: `https://127.0.0.1:${port}/x`, caBundle: "YWJj" };
  const message = "unable to load root certificates: unable to parse bytes as PEM block";
  await assert.rejects(clientOf().call(target, {}), { name: "WebhookCallError", message });
});

test("the API server does not wait for itself", async () => {
  const client = clientOf(() => true);
  await assert.rejects(client.call(byUrl("/x"), {}), /is the API server itself/);
});

test("a connection that the server closed while it was idle is replaced", async () => {
  const client = clientOf();
  await client.call(byUrl("/again"), {});
  server.closeIdleConnections();
  assert.deepEqual(await client.call(byUrl("/again"), {}), { got: {} });
  client.close();
});

test("a kubeconfig file says who is called, and as whom", async () => {
  const text = JSON.stringify({
    "current-context": "webhook",
    clusters: [
      {
        name: "c",
        cluster: { server: `https://127.0.0.1:${port}/authorize`, "certificate-authority-data": caBundle() },
      },
    ],
    users: [{ name: "u", user: { token: "secret" } }],
    contexts: [{ name: "webhook", context: { cluster: "c", user: "u" } }],
  });
  const caller = await kubeconfigCaller(text, "/etc/webhook.yaml", realClock);
  assert.deepEqual(await caller.post(Buffer.from("{}"), {}), { got: {} });
  assert.deepEqual(seen.at(-1), { url: "/authorize", host: `127.0.0.1:${port}`, authorization: "Bearer secret" });
  caller.close();
  await assert.rejects(kubeconfigCaller("[]", "/x", realClock), /\/x is not a kubeconfig file/);
});

test("the users of a kubeconfig file are named after the servers they are for", async () => {
  const users = [
    { name: "hook.default.svc", user: { token: "service" } },
    { name: "*.example.com", user: { token: "stars" } },
    { name: "other.example.com:8443", user: { username: "u", password: "p" } },
    { name: "*", user: { token: "rest" } },
  ];
  const find = await webhookUsers(JSON.stringify({ users }), "/etc/webhooks.yaml");
  const header = (hostPort: string) => find.of(hostPort)?.headers().authorization;
  assert.equal(header("hook.default.svc:443"), "Bearer service");
  assert.equal(header("a.b.example.com:443"), "Bearer stars");
  assert.equal(header("other.example.com:8443"), `Basic ${Buffer.from("u:p").toString("base64")}`);
  assert.equal(header("elsewhere:1"), "Bearer rest");
  const client = new WebhookClient({
    clock: realClock,
    users: find,
    services: { resolve: async () => ({ host: "127.0.0.1", port }) },
  });
  await client.call({ service: { namespace: "default", name: "hook" }, caBundle: caBundle() }, {});
  assert.equal(seen.at(-1)?.authorization, "Bearer service");
  client.close();
});

test("calls are counted as client-go counts its own", async () => {
  const meters = new MetricsRegistry();
  const client = clientOf(undefined, meters);
  await client.call(byUrl("/x"), { a: 1 });
  await assert.rejects(client.call(byUrl("/missing"), {}));
  await assert.rejects(client.call(byUrl("/slow"), {}, { timeoutMs: 20 }));
  client.close();
  const lines = meters.lines();
  const host = `host="127.0.0.1:${port}"`;
  for (const code of ["200", "404", "<error>"])
    assert.ok(lines.includes(`rest_client_requests_total{code="${code}",${host},method="POST"} 1`), code);
  for (const [what, count] of [
    ["request_duration_seconds", 3],
    ["request_size_bytes", 3],
    ["response_size_bytes", 2],
  ] as const)
    assert.ok(lines.includes(`rest_client_${what}_count{${host},verb="POST"} ${count}`), what);
});
