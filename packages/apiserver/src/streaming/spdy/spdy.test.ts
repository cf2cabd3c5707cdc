import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import { SpdyConnection } from "./connection.ts";
import { spdyDictionary } from "./dictionary.ts";
import { decodeFrame, encodeFrame, type Frame } from "./frames.ts";
import { HeaderCodec } from "./header-block.ts";

test("the dictionary is the draft's", async () => {
  assert.equal(spdyDictionary().length, 1423);
  // A zlib stream names its preset dictionary by checksum.
  const block = await new HeaderCodec().compress({ streamtype: "error" });
  assert.equal(block.subarray(2, 6).toString("hex"), "e3c6a7c2");
});

test("frames survive the wire in pieces", () => {
  const frames: Exclude<Frame, { type: "ignored" }>[] = [
    { type: "synStream", streamId: 1, fin: false, block: Buffer.from("block") },
    { type: "data", streamId: 1, fin: true, payload: Buffer.from("hello") },
    { type: "rstStream", streamId: 3, status: 5 },
    { type: "ping", id: 7 },
    { type: "goAway", lastStreamId: 3, status: 0 },
  ];
  let bytes = Buffer.concat(frames.map(encodeFrame));
  assert.equal(decodeFrame(bytes.subarray(0, 9)), undefined);
  for (const frame of frames) {
    const decoded = decodeFrame(bytes);
    assert.deepEqual(decoded?.frame, frame);
    bytes = Buffer.from(decoded?.rest ?? []);
  }
  assert.equal(bytes.length, 0);
});

test("a peer that speaks something else is refused", () => {
  assert.throws(() => decodeFrame(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")), /limit|SPDY/);
});

/** A peer that accepts every stream, echoes its data, and closes it when told. */
function echo(socket: Socket): void {
  const codec = new HeaderCodec();
  let bytes: Buffer = Buffer.alloc(0);
  let turn = Promise.resolve();
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    turn = turn.then(async () => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let d = decodeFrame(bytes); d !== undefined; d = decodeFrame(bytes)) {
        bytes = d.rest;
        const { frame } = d;
        if (frame.type === "synStream") {
          const headers = await codec.decompress(frame.block);
          socket.write(
            encodeFrame({
              type: "synReply",
              streamId: frame.streamId,
              fin: false,
              block: await codec.compress(headers),
            }),
          );
        } else if (frame.type === "data") socket.write(encodeFrame(frame));
      }
    });
  });
}

test("streams echo side by side, half-close, and end with the connection", async () => {
  const server = createServer(echo).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const socket = connect((server.address() as { port: number }).port, "127.0.0.1");
  const connection = new SpdyConnection(socket);
  try {
    const [a, b] = await Promise.all([
      connection.openStream({ streamtype: "stdin" }),
      connection.openStream({ streamtype: "stdout" }),
    ]);
    const large = Buffer.alloc(300_000, "x");
    a.end(large);
    b.write("small");
    const got: Buffer[] = [];
    for await (const chunk of a) got.push(chunk as Buffer);
    assert.equal(Buffer.concat(got).length, large.length);
    assert.equal(String((await b[Symbol.asyncIterator]().next()).value), "small");
  } finally {
    connection.close();
    await connection.closed;
    server.close();
  }
});

test("a stream that the peer resets ends after its data, and takes no more", async () => {
  const server = createServer(echo).listen(0, "127.0.0.1");
  server.on("connection", (socket) => {
    // Behind the stream's echo, as streaming servers do when a command has ended.
    setImmediate(function whenEchoed() {
      if (socket.bytesWritten < 1000) return void setImmediate(whenEchoed);
      socket.write(encodeFrame({ type: "rstStream", streamId: 1, status: 5 }));
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const connection = new SpdyConnection(connect((server.address() as { port: number }).port, "127.0.0.1"));
  try {
    const stream = await connection.openStream({ streamtype: "stdout" });
    stream.write(Buffer.alloc(2000, "x"));
    let length = 0;
    for await (const chunk of stream) length += (chunk as Buffer).length;
    assert.equal(length, 2000);
  } finally {
    connection.close();
    await connection.closed;
    server.close();
  }
});

/** @param answer of a peer to the first stream, besides taking it */
async function answeredBy(answer: (codec: HeaderCodec) => Promise<Buffer>): Promise<SpdyConnection> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", async () => {
      const codec = new HeaderCodec();
      const block = await codec.compress({});
      const reply = encodeFrame({ type: "synReply", streamId: 1, fin: false, block });
      socket.end(Buffer.concat([reply, await answer(codec)]));
      codec.close();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = new SpdyConnection(connect((server.address() as { port: number }).port, "127.0.0.1"));
  await connection.openStream({ streamtype: "error" });
  await connection.closed;
  server.close();
  return connection;
}

test("a peer that breaks the rules ends no more than its connection, though nobody listens to its streams yet", async () => {
  const data = (fin: boolean) => encodeFrame({ type: "data", streamId: 1, fin, payload: Buffer.from("x") });
  await answeredBy(async () => Buffer.concat([data(true), data(false), data(true)]));
  await answeredBy(async () =>
    Buffer.concat([encodeFrame({ type: "rstStream", streamId: 1, status: 5 }), data(false)]),
  );
  const headers = (block: Buffer) => encodeFrame({ type: "headers", streamId: 1, fin: false, block });
  await answeredBy(async (codec) => headers(await codec.compress({ long: "x".repeat(100_000) })));
  await answeredBy(async (codec) => headers(await codec.compress({ long: "x".repeat(10_000_000) })));
  await answeredBy(async () => headers(Buffer.from("no zlib at all")));
  await answeredBy(async () => headers(Buffer.alloc(0)));
});

test("a peer that goes away while streams are being opened opens none, now or later", { timeout: 5000 }, async () => {
  const [client, peer] = duplexPair();
  const connection = new SpdyConnection(client);
  // Its header is being compressed when the connection ends.
  const first = connection.openStream({ streamtype: "error" });
  const second = connection.openStream({ streamtype: "stdin" });
  await Promise.resolve();
  peer.end();
  const failures = Promise.allSettled([first, second]);
  await connection.closed;
  for (const { status } of await failures) assert.equal(status, "rejected");
  await assert.rejects(connection.openStream({ streamtype: "stdout" }), /the connection was closed/);
});
