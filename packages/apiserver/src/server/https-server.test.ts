import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { type AddressInfo, Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { realClock, silentLogger } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";
import { httpsServer } from "./https-server.ts";

/** A server that answers with how many headers it saw, and a connection to it. */
async function connected(t: TestContext, protocol: string): Promise<TLSSocket> {
  const validity = { now: realClock.now(), days: 1 };
  const ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
  const { key, certificate: cert } = await createCertificate({ commonName: "api", usages: ["server"] }, ca, validity);
  const server = httpsServer({
    tls: { key, cert },
    onServerName: () => {},
    takesUpgrade: () => false,
    clock: realClock,
    logger: silentLogger,
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.end(`${request.rawHeaders.length / 2} headers, the last ${request.headers["impersonate-user"]}`);
  });
  server.removeAllListeners("stream");
  server.on("stream", (stream: ServerHttp2Stream, _headers, _flags, rawHeaders: string[]) => {
    stream.respond({ ":status": 200 });
    stream.end(`${rawHeaders.length / 2} headers of ${rawHeaders.join("").length} bytes`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: "127.0.0.1", port, ALPNProtocols: [protocol], rejectUnauthorized: false });
  await once(socket, "secureConnect");
  t.after(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

async function read(socket: TLSSocket, until: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const chunk of socket) {
    text += chunk.toString("latin1");
    if (until(text)) break;
  }
  return text;
}

test("there may be any number of headers: a proxy sends one for each group of whom it asks for", async (t) => {
  const socket = await connected(t, "http/1.1");
  const many = Array.from({ length: 3000 }, (_, i) => `x-${i}: 1`).join("\r\n");
  socket.write(`GET / HTTP/1.1\r\nhost: a\r\n${many}\r\nimpersonate-user: jane\r\n\r\n`);
  const answer = await read(socket, (text) => text.includes("the last"));
  assert.match(answer, /3002 headers, the last jane/);
});

test("who is refused for too long a header hears so, however much more comes, and is cut off if it goes on", async (t) => {
  const socket = await connected(t, "http/1.1");
  socket.on("error", () => {});
  socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx-long: ${"x".repeat(1024 * 1024)}`);
  const more = Buffer.alloc(256 * 1024, "x");
  for (let i = 0; i < 12; i++) {
    socket.write(more);
    await setImmediate();
  }
  assert.match(await read(socket, () => false), /^HTTP\/1\.1 431 /);
  assert.ok(socket.destroyed);
});

test("the other end is asked now and then whether it is still there", async (t) => {
  const { mock } = t.mock.method(Socket.prototype, "setKeepAlive");
  await connected(t, "h2");
  assert.deepEqual(
    mock.calls.map((call) => call.arguments),
    [[true, 180_000]],
  );
});

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A string as HPACK has it, not compressed. */
function text(value: string): Buffer {
  const length = value.length < 127 ? [value.length] : [127];
  for (let rest = value.length - 127; rest >= 0; rest = rest < 128 ? -1 : Math.floor(rest / 128))
    length.push(rest < 128 ? rest : (rest % 128) | 128);
  return Buffer.concat([Buffer.from(length), Buffer.from(value)]);
}

test("HTTP/2 takes as many headers as Go does, from who fills the frames that are allowed", async (t) => {
  const socket = await connected(t, "h2");
  const settings = [frame(4, 0, 0, Buffer.alloc(0)), frame(4, 1, 0, Buffer.alloc(0))];
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ...settings]));
  const headers = Array.from({ length: 500 }, (_, i) => [Buffer.from([0]), text(`x-${i}`), text("v".repeat(2000))]);
  const block = Buffer.concat([Buffer.from([0x82, 0x87, 0x84, 0]), text(":authority"), text("a"), ...headers.flat()]);
  const size = 128 * 1024;
  for (let at = 0; at < block.length; at += size) {
    const isLast = at + size >= block.length;
    socket.write(frame(at === 0 ? 1 : 9, (at === 0 ? 1 : 0) | (isLast ? 4 : 0), 1, block.subarray(at, at + size)));
  }
  const answer = await read(socket, (received) => received.includes(" bytes"));
  assert.match(answer, /504 headers of 10\d{5} bytes/);
});
