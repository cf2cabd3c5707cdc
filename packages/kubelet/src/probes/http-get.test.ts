import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { realClock } from "@kubets/apimachinery";
import type { RuntimeService } from "@kubets/cri";
import { testContainer, testPod } from "../testing/pods.ts";
import { decodeHealthResponse, encodeHealthRequest } from "./grpc-probe.ts";
import { createProber } from "./prober.ts";

describe("HTTP and TCP probes", () => {
  let server: Server;
  let port = 0;
  const seen: string[] = [];
  before(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.headers["user-agent"]} ${request.headers["x-a"] ?? ""} ${request.headers.host}`);
      if (request.url === "/bad") response.writeHead(503).end("no");
      else if (request.url === "/move") response.writeHead(302, { location: "/" }).end();
      else if (request.url === "/away") response.writeHead(302, { location: "http://192.0.2.9/" }).end("away");
      else if (request.url === "/hang") return;
      else if (request.url === "/switch") response.writeHead(101, { upgrade: "x", connection: "upgrade" }).end();
      else response.end("ok");
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const prober = createProber({ runtime: {} as RuntimeService, clock: realClock });
  const target = { pod: testPod(), container: testContainer("c"), containerId: "x", podIP: "127.0.0.1" };
  const get = (path: string, rest = {}, timeoutSeconds = 20) =>
    prober(target, { httpGet: { path, port, ...rest }, timeoutSeconds }, AbortSignal.timeout(30_000));

  it("succeeds on 200 and follows redirects to the same host", async () => {
    assert.deepEqual(await get("/"), { result: "success", output: "ok" });
    assert.deepEqual(await get("/move"), { result: "success", output: "ok" });
  });
  it("fails on an error status", async () => {
    assert.deepEqual(await get("/bad"), { result: "failure", output: "HTTP probe failed with statuscode: 503" });
  });
  it("warns of a redirect elsewhere", async () => {
    assert.equal((await get("/away")).result, "warning");
  });
  it("sends its headers", async () => {
    await get("/", {
      httpHeaders: [
        { name: "X-A", value: "1" },
        { name: "Host", value: "example.com" },
      ],
    });
    assert.equal(seen.at(-1), "kube-probe/1.36 1 example.com");
  });
  it("names the port also when it is the usual one", async () => {
    const { output } = await get("/healthz", { port: 80, host: "127.0.0.254" });
    assert.equal(output, 'Get "http://127.0.0.254:80/healthz": dial tcp 127.0.0.254:80: connect: connection refused');
  });
  it("fails where the server changes the protocol unasked", { timeout: 30_000 }, async () => {
    assert.deepEqual(await get("/switch"), { result: "failure", output: "HTTP probe failed with statuscode: 101" });
  });
  it("times out", async () => {
    const { result, output } = await get("/hang", {}, 1);
    assert.equal(result, "failure");
    assert.match(output, /context deadline exceeded/);
  });
  it("opens TCP connections", async () => {
    const tcp = (p: number) =>
      prober(target, { tcpSocket: { port: p }, timeoutSeconds: 20 }, AbortSignal.timeout(30_000));
    assert.equal((await tcp(port)).result, "success");
    assert.match((await tcp(1)).output, /dial tcp 127\.0\.0\.1:1: connect: connection refused/);
  });
});

it("gRPC health messages", () => {
  assert.deepEqual([...encodeHealthRequest("")], [0, 0, 0, 0, 0]);
  assert.deepEqual([...encodeHealthRequest("ab")], [0, 0, 0, 0, 4, 0x0a, 2, 97, 98]);
  assert.equal(decodeHealthResponse(Buffer.from([0, 0, 0, 0, 2, 8, 1])), "SERVING");
  assert.equal(decodeHealthResponse(Buffer.from([0, 0, 0, 0, 2, 8, 2])), "NOT_SERVING");
});
