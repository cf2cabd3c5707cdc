import assert from "node:assert/strict";
import { once } from "node:events";
import { Duplex, PassThrough, Readable, Writable } from "node:stream";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { joined } from "../subresource/pass-through.ts";
import { slowedInput, slowedOutput } from "./throttle.ts";

test("bytes go on evenly at the rate, and all of them", async () => {
  const clock = new VirtualClock();
  const begin = clock.monotonic();
  const arrived: [ms: number, bytes: number][] = [];
  const output = slowedOutput(Readable.from([Buffer.alloc(250), Buffer.alloc(50)]), { bytesPerSecond: 1000, clock });
  output.on("data", (chunk: Buffer) => arrived.push([clock.monotonic() - begin, chunk.length]));
  const ended = once(output, "end");
  await clock.advance(1000);
  await ended;
  assert.deepEqual(arrived, [
    [0, 100],
    [100, 100],
    [200, 50],
    [250, 50],
  ]);
});

test("what is written waits, and its end waits with it", async () => {
  const clock = new VirtualClock();
  const begin = clock.monotonic();
  const sink = new PassThrough();
  const input = slowedInput(sink, { bytesPerSecond: 10, clock });
  input.end(Buffer.from("hello world"));
  let text = "";
  sink.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  await clock.advance(500);
  assert.ok(text.length >= 5 && text.length <= 6, text);
  const ended = once(sink, "end").then(() => clock.monotonic() - begin);
  await clock.advance(1000);
  assert.ok((await ended) >= 1000);
  assert.equal(text, "hello world");
});

test("without a limit there is nothing between", () => {
  const stream = new PassThrough();
  assert.equal(slowedInput(stream, undefined), stream);
  assert.equal(slowedOutput(stream, undefined), stream);
});

/** Two ends of one connection, the far one in hand. */
function endOf(received: Buffer[]): Duplex {
  return new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      received.push(chunk);
      setImmediate(done);
    },
  });
}

test("what one side said before it closed reaches the other, however slowly", async () => {
  const clock = new VirtualClock();
  const [toClient, toBackend]: [Buffer[], Buffer[]] = [[], []];
  const [client, backend] = [endOf(toClient), endOf(toBackend)];
  const done = joined(client, backend, { bytesPerSecond: 100, clock });
  backend.push(Buffer.alloc(300));
  backend.push(null);
  backend.end();
  await clock.advance(1000);
  assert.ok(!client.destroyed && Buffer.concat(toClient).length < 300);
  await clock.advance(5000);
  await done;
  assert.equal(Buffer.concat(toClient).length, 300);
  assert.ok(client.destroyed && backend.destroyed);
});

test("a stream that fails takes its throttle with it", async () => {
  const clock = new VirtualClock();
  const sink = new Writable({ write: (_chunk, _encoding, done) => done(new Error("gone")) });
  sink.on("error", () => {});
  const input = slowedInput(sink, { bytesPerSecond: 100, clock });
  input.write("x");
  await new Promise((resolve) => input.once("close", resolve));
  assert.ok(input.destroyed);
});
