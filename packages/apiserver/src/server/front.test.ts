import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { Duplex, Readable } from "node:stream";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import { aborted, realClock, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";
import { text } from "../request/request.ts";
import type { ApiServer } from "../server.ts";
import { configMap, send, testServer } from "../testing/server.ts";
import { type FrontOptions, HttpsFront } from "./front.ts";
import type { ByteSink } from "./render.ts";
import type { TlsFiles } from "./serving-tls.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const stop = new AbortController();
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
let tls: TlsFiles;
let server: ApiServer;
let running: Promise<void>;

before(async () => {
  const validity = { now: realClock.now(), days: 1 };
  const ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
  const leaf = await createCertificate(
    { commonName: "api", usages: ["server"], ipAddresses: ["127.0.0.1"] },
    ca,
    validity,
  );
  tls = { key: leaf.key, cert: leaf.certificate, clientCAs: [{ pem: ca.certificate }] };
  server = testServer({ listen: { tls, bindAddress: "127.0.0.1", port: 0 } });
  running = server.start(stop.signal);
  await server.ready;
});

after(async () => {
  agent.destroy();
  stop.abort();
  await running;
});

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

function http1(
  method: string,
  path: string,
  body?: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: server.port, method, path, agent, headers };
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

test("HTTP/1.1 and HTTP/2 on one port", async () => {
  const created = await http1("POST", maps, JSON.stringify(configMap("h1")), { "content-type": "application/json" });
  assert.equal(created.status, 201, created.body.toString());
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": `${maps}/h1` });
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
  assert.equal(headers[":status"], 200);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), created.body);
  session.close();
});

test("a request may name the server in its target, as to a proxy", async () => {
  for (const target of ["https://127.0.0.1/version?x", "HTTPS://127.0.0.1:1/version"]) {
    const answer = await http1("GET", target);
    assert.deepEqual([answer.status, JSON.parse(answer.body.toString()).minor], [200, "36"]);
  }
  const root = JSON.parse((await http1("GET", "https://127.0.0.1")).body.toString());
  assert.ok(root.paths.includes("/version"));
});

test("YAML bodies are taken, YAML is given", async () => {
  const yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata: {a: b}\n";
  const created = await http1("POST", maps, yaml, { "content-type": "application/yaml", accept: "application/yaml" });
  assert.equal(created.status, 201);
  assert.match(created.body.toString(), /^apiVersion: v1\ndata:\n {2}a: b\nkind: ConfigMap\nmetadata:\n/);
});

test("4 MB is too large, and the server goes on", async () => {
  const large = JSON.stringify(configMap("large", { x: "y".repeat(4 * 1024 * 1024) }));
  const refused = await http1("POST", maps, large, { "content-type": "application/json" });
  assert.equal(refused.status, 413);
  assert.equal(JSON.parse(refused.body.toString()).reason, "RequestEntityTooLarge");
  assert.equal((await http1("GET", "/healthz")).body.toString(), "ok");
});

test("a body that does not say how long it is is cut off at the limit, and answered", async () => {
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": maps, ":method": "POST", "content-type": "application/json" });
  stream.on("error", () => {});
  for (let i = 0; i < 80; i++) stream.write(Buffer.alloc(64 * 1024, "x"));
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
  assert.equal(headers[":status"], 413);
  session.destroy();
  assert.equal((await http1("GET", "/healthz")).body.toString(), "ok");
});

test("unknown forms are refused before anything happens", async () => {
  const protobuf = { "content-type": "application/json", accept: "application/vnd.kubernetes.protobuf" };
  const refused = await http1("POST", maps, JSON.stringify(configMap("pb")), protobuf);
  assert.equal(refused.status, 406);
  assert.equal((await http1("GET", `${maps}/pb`)).status, 404);
  const bodyType = await http1("POST", maps, "x", { "content-type": "application/xml" });
  assert.equal(bodyType.status, 415);
});

test("large answers are compressed when asked", async () => {
  await send(server, "POST", maps, configMap("big", { x: "y".repeat(200_000) }));
  const plain = await http1("GET", `${maps}/big`);
  const small = await http1("GET", `${maps}/big`, undefined, { "accept-encoding": "gzip" });
  assert.equal(small.headers["content-encoding"], "gzip");
  assert.ok(small.body.length < plain.body.length / 10);
  assert.deepEqual(gunzipSync(small.body), plain.body);
});

test("a watch streams lines, and a killed client leaves nothing behind", async () => {
  const { hub } = server.resources.get("", "v1", "configmaps")!;
  const options = {
    host: "127.0.0.1",
    port: server.port,
    path: `${maps}?watch=1&resourceVersion=1`,
    agent: false as const,
    rejectUnauthorized: false,
  };
  const request = httpsRequest(options);
  request.on("error", () => {});
  request.end();
  const [response] = await once(request, "response");
  assert.equal(response.headers["content-type"], "application/json");
  const [chunk] = (await once(response, "data")) as [Buffer];
  assert.equal(JSON.parse(chunk.toString().split("\n")[0]!).type, "ADDED");
  assert.equal(hub.watchers, 1);
  response.on("error", () => {});
  request.destroy();
  while (hub.watchers > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("what an upgrade is not for is answered as ever: a request to change the protocol may be passed over", async () => {
  const upgrade = { connection: "upgrade", upgrade: "h2c", "content-type": "application/json" };
  const created = await http1("POST", maps, JSON.stringify(configMap("not-upgraded")), upgrade);
  assert.equal(created.status, 201, created.body.toString());
  const list = await http1("GET", maps, undefined, upgrade);
  assert.equal(JSON.parse(list.body.toString()).kind, "ConfigMapList");
});

test("another server that would not upgrade is heard out", async () => {
  const headers = { "content-type": "text/plain", "content-length": "3" };
  const stream = Readable.from([Buffer.from("n"), Buffer.from("o\n")]);
  const front = new HttpsFront({
    ...{ tls, bindAddress: "127.0.0.1", port: 0, logger: silentLogger, clock: realClock },
    forwards: () => true,
    handle: async () => ({ status: 403, headers, body: { type: "stream", stream } }),
  });
  const port = await front.listen();
  const upgrade = { connection: "upgrade", upgrade: "websocket" };
  const options = { host: "127.0.0.1", port, agent: false as const, rejectUnauthorized: false, headers: upgrade };
  const [response] = await once(httpsRequest(options).end(), "response");
  let said = "";
  for await (const chunk of response) said += chunk;
  assert.deepEqual([response.statusCode, said], [403, "no\n"]);
  await front.close();
});

test("a watch over WebSocket sends each event as a message", async () => {
  const { WebSocket } = await import("ws");
  const url = `wss://127.0.0.1:${server.port}${maps}?watch=1&resourceVersion=1`;
  const socket = new WebSocket(url, { rejectUnauthorized: false });
  const [message] = (await once(socket, "message")) as [Buffer];
  assert.equal(JSON.parse(message.toString()).type, "ADDED");
  const { hub } = server.resources.get("", "v1", "configmaps")!;
  socket.close();
  await once(socket, "close");
  while (hub.watchers > 0) await new Promise((resolve) => setImmediate(resolve));
});

test("a message that no client sends ends its WebSocket", async () => {
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`wss://127.0.0.1:${server.port}${maps}?watch=1`, { rejectUnauthorized: false });
  await once(socket, "open");
  socket.on("error", () => {});
  const whole = Buffer.alloc(32 * 1024 * 1024);
  socket.send(whole);
  socket.send(Buffer.concat([whole, Buffer.alloc(1)]));
  const [code] = await once(socket, "close");
  assert.equal(code, 1009);
});

test("a watch over WebSocket is given no more than it takes, and is not cut off for what there is much of", async () => {
  const { WebSocket } = await import("ws");
  const chunk = Buffer.from(`"${"x".repeat(1024 * 1024)}"\n`);
  const count = 24;
  const start = async (sink: ByteSink) => {
    for (let i = 0; i < count; i++) {
      sink.write(chunk);
      await sink.drained?.();
    }
    sink.end();
  };
  const front = new HttpsFront({
    tls,
    bindAddress: "127.0.0.1",
    port: 0,
    logger: silentLogger,
    clock: realClock,
    handle: async () => ({ status: 200, headers: {}, body: { type: "push", start: (sink) => void start(sink) } }),
  });
  const port = await front.listen();
  const socket = new WebSocket(`wss://127.0.0.1:${port}/api/v1/pods?watch=1`, { rejectUnauthorized: false });
  let messages = 0;
  socket.on("message", () => messages++);
  await once(socket, "close");
  await front.close();
  assert.equal(messages, count);
});

test("a client that stops in the middle of a body leaves the server well", async () => {
  const socket = connectTls({ port: server.port!, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  socket.write(
    `POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata":`,
  );
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  const stream = session.request({ ":path": maps, ":method": "POST", "content-type": "application/json" });
  stream.on("error", () => {});
  stream.write('{"metadata":');
  await new Promise((resolve) => setImmediate(resolve));
  stream.close(8);
  session.destroy();
  assert.equal((await http1("GET", "/livez")).body.toString(), "ok");
});

test("plain HTTP is told that this is HTTPS, in however many pieces TLS comes", async () => {
  const plain = connect({ port: server.port!, host: "127.0.0.1" });
  plain.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  let said = "";
  for await (const chunk of plain) said += chunk;
  assert.equal(said, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
  const slow = connect({ port: server.port!, host: "127.0.0.1" });
  await once(slow, "connect");
  const piecewise = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      slow.write(chunk.subarray(0, 1), () => setImmediate(() => slow.write(chunk.subarray(1), done)));
    },
    destroy: (error, done) => {
      slow.destroy();
      done(error);
    },
  });
  slow.on("data", (chunk) => piecewise.push(chunk));
  const secured = connectTls({ socket: piecewise, rejectUnauthorized: false });
  await once(secured, "secureConnect");
  secured.destroy();
});

test("nonsense on the wire, and too much of it, is answered as Go does, and ends only its own connection", async () => {
  const said = async (text: string) => {
    const socket = connectTls({ port: server.port!, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    socket.on("error", () => {});
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.write(text);
    await once(socket, "close");
    return answer;
  };
  const header = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n";
  const bad = "400 Bad Request";
  assert.equal(await said("NONSENSE / HTTP/9.9\r\n\r\n\0\0\0"), `HTTP/1.1 ${bad}\r\n${header}${bad}`);
  const long = "431 Request Header Fields Too Large";
  const tooLong = `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(1024 * 1024)}\r\n\r\n`;
  assert.equal(await said(tooLong), `HTTP/1.1 ${long}\r\n${header}${long}`);
  const enough = await http1("GET", "/readyz", undefined, { "x-long": "x".repeat(500_000) });
  assert.equal(enough.body.toString(), "ok");
});

test("stopping ends watches properly and answers what is being answered", async () => {
  const stopping = new AbortController();
  const another = testServer({ listen: { tls, bindAddress: "127.0.0.1", port: 0 } });
  const ended = another.start(stopping.signal);
  await another.ready;
  const session = connectHttp2(`https://127.0.0.1:${another.port}`, { rejectUnauthorized: false });
  const stream = session.request({ ":path": `${maps}?watch=1` });
  await once(stream, "response");
  stream.resume();
  const finished = once(stream, "end");
  const iterator = another
    .transport({ name: "x", groups: [] })
    .watch({ method: "GET", path: maps, query: { watch: "1" } });
  const inside = iterator[Symbol.asyncIterator]().next();
  stopping.abort();
  await finished;
  await ended;
  assert.deepEqual(await inside, { done: true, value: undefined });
  session.destroy();
});

test("told to send clients elsewhere: new requests get 429, probes and what is under way their answer, watches their time", async () => {
  const stopping = new AbortController();
  const clock = new VirtualClock();
  const held = Promise.withResolvers<void>();
  const inHand = Promise.withResolvers<void>();
  const another = testServer({
    listen: { tls, bindAddress: "127.0.0.1", port: 0, sendRetryAfter: true, watchGraceMs: 4000 },
    clock,
    nonResource: [
      async ({ info }) => {
        if (info.path !== "/held") return undefined;
        inHand.resolve();
        await held.promise;
        return text(200, "at last");
      },
    ],
  });
  const ended = another.start(stopping.signal);
  await another.ready;
  const session = connectHttp2(`https://127.0.0.1:${another.port}`, { rejectUnauthorized: false });
  const ask = async (path: string) => {
    const stream = session.request({ ":path": path });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    return { stream: stream.setEncoding("utf8"), status: headers[":status"], retryAfter: headers["retry-after"] };
  };
  const watches = [await ask(`${maps}?watch=1`), await ask(`${maps}?watch=1`)];
  const ends = watches.map(({ stream }) => once(stream.resume(), "end"));
  const underWay = ask("/held");
  await inHand.promise;
  stopping.abort();
  await ends[0];
  const refused = await ask(maps);
  assert.deepEqual([refused.status, refused.retryAfter], [429, "5"]);
  assert.equal((await ask("/livez")).status, 200);
  assert.equal(watches[1]?.stream.readableEnded, false);
  await clock.advance(2000);
  await ends[1];
  held.resolve();
  assert.equal((await underWay).status, 200);
  await clock.advance(2000);
  await ended;
  session.destroy();
});

/** A server whose answers are large, and held back until told. */
async function heldAnswers(options: Partial<FrontOptions>) {
  const held = Promise.withResolvers<void>();
  const bytes = Buffer.alloc(5_000_000);
  let asked = 0;
  const front = new HttpsFront({
    ...{ tls, bindAddress: "127.0.0.1", port: 0, logger: silentLogger, clock: realClock, ...options },
    handle: async () => {
      asked++;
      await held.promise;
      return { status: 200, headers: {}, body: { type: "bytes", bytes } };
    },
  });
  const port = await front.listen();
  const hasAsked = async (count: number) => {
    while (asked < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { front, port, hasAsked, release: held.resolve, size: bytes.length };
}

test("what is answered last before the end gets there whole", async () => {
  const http2 = (port: number) => connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).request();
  const http1 = (port: number) => httpsRequest({ host: "127.0.0.1", port, agent: false, rejectUnauthorized: false });
  for (const ask of [http2, http1]) {
    for (const options of [{ sendRetryAfter: false }, { sendRetryAfter: true }]) {
      const { front, port, hasAsked, release, size } = await heldAnswers(options);
      const asked = ask(port).end();
      const answer = once(asked, "response");
      await hasAsked(1);
      const closed = front.close();
      release();
      const [response] = await answer;
      let received = 0;
      for await (const chunk of ask === http1 ? response : asked) received += chunk.length;
      assert.equal(received, size);
      await closed;
    }
  }
});

test("what is passed on without an end is cut off at the end, and does not hold it up", {
  timeout: 10_000,
}, async () => {
  const front = new HttpsFront({
    ...{ tls, bindAddress: "127.0.0.1", port: 0, drainMs: 60_000, logger: silentLogger, clock: realClock },
    handle: async ({ signal }) => {
      const stream = (async function* () {
        yield Buffer.from("one");
        await aborted(signal);
        yield Buffer.from("two");
      })();
      return { status: 200, headers: {}, body: { type: "stream", stream } };
    },
  });
  const session = connectHttp2(`https://127.0.0.1:${await front.listen()}`, { rejectUnauthorized: false });
  const stream = session.request();
  const received: string[] = [];
  stream.on("data", (chunk) => received.push(chunk.toString()));
  await once(stream, "data");
  await front.close();
  session.destroy();
  assert.deepEqual(received, ["one"]);
});

test("who does not read an answer does not hold up the end", async () => {
  const { front, port, hasAsked, release } = await heldAnswers({ drainMs: 50 });
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  session.on("error", () => {});
  const stream = session.request();
  stream.on("error", () => {});
  await hasAsked(1);
  release();
  await once(stream, "response");
  await front.close();
  session.destroy();
});

test("a connection that says nothing, or half of a handshake, holds up no end", async () => {
  const stopping = new AbortController();
  const another = testServer({ listen: { tls, bindAddress: "127.0.0.1", port: 0 } });
  const ended = another.start(stopping.signal);
  await another.ready;
  const sockets = ["", "\x16\x03\x01\x02\x00\x01"].map((text) => {
    const socket = connect({ host: "127.0.0.1", port: another.port! });
    socket.on("error", () => {});
    socket.write(Buffer.from(text, "latin1"));
    return socket;
  });
  // Which comes after them.
  const whole = connectTls({ host: "127.0.0.1", port: another.port!, rejectUnauthorized: false });
  await once(whole, "secureConnect");
  whole.on("error", () => {});
  const closed = [...sockets, whole].map((socket) => once(socket, "close"));
  stopping.abort();
  await ended;
  await Promise.all(closed);
});

test("a port in use is one clear sentence", async () => {
  const second = testServer({ listen: { tls, bindAddress: "127.0.0.1", port: server.port! } });
  await assert.rejects(second.start(new AbortController().signal), {
    message: /^port \d+ on 127\.0\.0\.1 is in use by another program; stop it, or choose another port/,
  });
});
