import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { after, before, test } from "node:test";
import { realClock, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";
import type { ServerRequest } from "../request/request.ts";
import { send, testServer } from "../testing/server.ts";
import { HttpsFront } from "./front.ts";
import type { HttpResponse } from "./render.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const clock = new VirtualClock();
let front: HttpsFront;
let port: number;
let session: ClientHttp2Session;
/** Requests that came, by path; none is answered but by what a test makes of it. */
const came: { readonly request: ServerRequest; answer(response: HttpResponse): void }[] = [];
let wake = () => {};

before(async () => {
  const validity = { now: realClock.now(), days: 1 };
  const ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
  const subject = { commonName: "api", usages: ["server"], ipAddresses: ["127.0.0.1"] } as const;
  const leaf = await createCertificate(subject, ca, validity);
  front = new HttpsFront({
    tls: { key: leaf.key, cert: leaf.certificate },
    bindAddress: "127.0.0.1",
    port: 0,
    clock,
    logger: silentLogger,
    forwards: (path) => path.startsWith("/apis/elsewhere.example.com/"),
    drainMs: 0,
    handle: (request) =>
      new Promise((answer) => {
        came.push({ request, answer });
        wake();
      }),
  });
  port = await front.listen();
  session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
});

after(async () => {
  session.destroy();
  const closed = front.close();
  await clock.advance(1);
  await closed;
});

async function arrived() {
  if (came.length === 0)
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  return came.shift()!;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

async function ask(method: string, path: string): Promise<Reply> {
  const stream = session.request({ ":method": method, ":path": path, "audit-id": "mine" });
  const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { status: Number(headers[":status"]), headers, text: Buffer.concat(chunks).toString() };
}

test("a request that takes too long is answered with 504 as upstream's filter does, and told to stop", async () => {
  const asked = ask("GET", maps);
  const { request, answer } = await arrived();
  const { signal } = request;
  await clock.advance(59_000);
  assert.equal(signal.aborted, false);
  await clock.advance(1_000);
  const { status, headers, text } = await asked;
  assert.equal(status, 504);
  assert.equal(
    text,
    '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout","reason":"Timeout","details":{},"code":504}\n',
  );
  assert.equal(headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(headers["audit-id"], "mine");
  assert.equal(signal.aborted, true);
  answer({ status: 200, headers: {}, body: { type: "bytes", bytes: Buffer.from("late") } });
});

test("who asks for the headers alone is told as well", { timeout: 5000 }, async () => {
  const stream = session.request({ ":method": "HEAD", ":path": maps });
  const { request, answer } = await arrived();
  const { signal } = request;
  const response = once(stream, "response");
  await clock.advance(60_000);
  const [headers] = (await response) as [Record<string, unknown>];
  assert.deepEqual([headers[":status"], signal.aborted], [504, true]);
  answer({ status: 200, headers: {}, body: { type: "none" } });
});

test("who writes one object has 34 seconds, unless another server is to write it", async () => {
  const asked = ask("PUT", `${maps}/a`);
  await arrived();
  await clock.advance(34_000);
  const status = JSON.parse((await asked).text);
  assert.equal(
    status.message,
    "Timeout: request did not complete within requested timeout - context deadline exceeded",
  );
  assert.deepEqual([status.kind, status.reason, status.code], ["Status", "Timeout", 504]);

  const collection = ask("DELETE", maps);
  await arrived();
  const elsewhere = ask("POST", "/apis/elsewhere.example.com/v1/things");
  const { request } = await arrived();
  await clock.advance(34_000);
  assert.equal(request.signal.aborted, false);
  await clock.advance(26_000);
  for (const { text } of [await collection, await elsewhere]) assert.match(text, /within the allotted timeout/);
});

test("a shorter time in the URL is kept to, and a longer one is not", async () => {
  const short = ask("GET", `${maps}?timeout=2s`);
  await arrived();
  const long = ask("GET", `${maps}?timeout=2h`);
  await arrived();
  await clock.advance(2_000);
  assert.equal((await short).status, 504);
  await clock.advance(58_000);
  assert.equal((await long).status, 504);
});

test("watches and streams have no deadline, and what is answered needs none", async () => {
  const paths = [`${maps}?watch=1`, "/api/v1/namespaces/default/pods/p/log?timeout=1s", `${maps}/quick`];
  const asked = paths.map((path) => ask("GET", path));
  const [watch, log, quick] = [await arrived(), await arrived(), await arrived()];
  const ok: HttpResponse = { status: 200, headers: {}, body: { type: "bytes", bytes: Buffer.from("ok") } };
  const signals = [watch.request.signal, log.request.signal];
  quick.answer(ok);
  assert.equal((await asked[2])?.text, "ok");
  await clock.advance(3_600_000);
  assert.ok(signals.every(({ aborted }) => !aborted));
  watch.answer(ok);
  log.answer(ok);
  for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
});

test("over HTTP/1.1, with half a body: answered, and the connection ends", async () => {
  const headers = { "content-length": "100", "content-type": "application/json" };
  const request = httpsRequest({
    port,
    host: "127.0.0.1",
    path: maps,
    method: "POST",
    headers,
    rejectUnauthorized: false,
  });
  request.write("{");
  request.on("error", () => {});
  const answered = once(request, "response");
  await arrived();
  await clock.advance(34_000);
  const [response] = await answered;
  assert.deepEqual([response.statusCode, response.headers.connection], [504, "close"]);
  response.resume();
  await once(response, "close");
});

test("a timeout that is none is refused, though not of a watch", async () => {
  const server = testServer();
  const refused = await send(server, "GET", `${maps}?timeout=soon`);
  assert.equal(refused.status, 400);
  assert.equal(refused.json.message, 'invalid timeout specified in the request URL - time: invalid duration "soon"');
  assert.equal((await send(server, "GET", `${maps}?timeout=0`)).status, 200);
  assert.equal((await send(server, "GET", `${maps}?watch=1&timeout=soon`)).status, 200);
});
