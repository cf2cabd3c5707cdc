import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { dial, endToEnd, isUpgraded, sendOn, textOf, writeBody } from "./forward.ts";

/** @returns the port; the server ends with the test */
async function listening(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

test("what is about one connection is not passed on, nor what the connection's header names", () => {
  const headers = {
    connection: "Keep-Alive\t,  X-Mine ",
    "keep-alive": "5",
    "x-mine": "1",
    te: "trailers",
    accept: "a",
  };
  assert.deepEqual(endToEnd({ ...headers, "proxy-authorization": "p", absent: undefined }), { accept: "a" });
  assert.deepEqual(endToEnd({ accept: "a" }), { accept: "a" });
});

test("what a client may say of its connection is read in time that grows with it, and no faster", () => {
  assertLinear("spaces", 16_000, (size) => assert.deepEqual(endToEnd({ connection: `a${" ".repeat(size)}b` }), {}));
});

test("who would not upgrade answers, and no more is read than is wanted", async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(403);
    // Endless: nobody waits for its end.
    response.write("no".repeat(1000));
  });
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nfirst"),
  );
  const port = await listening(t, server);
  const refused = await dial("http", { host: "127.0.0.1", port });
  assert.ok(!isUpgraded(refused));
  assert.equal((await textOf(refused, 100)).length, 2000);
  const upgraded = await dial("http", { host: "127.0.0.1", port, headers: { connection: "upgrade", upgrade: "x" } });
  assert.ok(isUpgraded(upgraded));
  assert.equal(upgraded.head.toString(), "first");
  upgraded.socket.destroy();
});

test("an upgraded connection that breaks before anyone has begun with it is closed, and no more", async (t) => {
  const server = createServer();
  const peer = Promise.withResolvers<Socket>();
  server.on("upgrade", (_request, socket: Socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    peer.resolve(socket);
  });
  const port = await listening(t, server);
  const upgraded = await dial("http", { host: "127.0.0.1", port, headers: { connection: "upgrade", upgrade: "x" } });
  assert.ok(isUpgraded(upgraded));
  const closed = new Promise((resolve) => upgraded.socket.on("close", resolve));
  (await peer.promise).resetAndDestroy();
  await closed;
});

test("who changes the protocol unasked has not answered", async (t) => {
  const server = createServer((_request, response) => {
    response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  });
  const port = await listening(t, server);
  await assert.rejects(sendOn("http", { host: "127.0.0.1", port }, undefined), /ended before there was an answer/);
});

test("a client whose body nobody wants any more still has its stream, for the answer, and may send the rest", async () => {
  const body = new PassThrough();
  const outgoing = new PassThrough();
  const written = writeBody(outgoing as unknown as ClientRequest, body);
  body.write("one");
  assert.equal((await once(outgoing, "data"))[0].toString(), "one");
  outgoing.destroy();
  body.write("two");
  await written;
  assert.equal(body.destroyed, false);
  body.end("three");
  await once(body, "end");
});

test("however often a long body waits, nobody is left waiting for the connection's end", async () => {
  const outgoing = new PassThrough({ highWaterMark: 1 });
  const pieces = Array.from({ length: 50 }, () => Buffer.from("piece"));
  const written = writeBody(outgoing as unknown as ClientRequest, Readable.from(pieces));
  const before = outgoing.listenerCount("close");
  let most = 0;
  for await (const _ of outgoing) most = Math.max(most, outgoing.listenerCount("close") - before);
  await written;
  assert.ok(most <= 2, `${most} listeners`);
});
