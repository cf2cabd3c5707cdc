import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, realClock, VirtualClock } from "@kubets/apimachinery";
import { Cable } from "../testing/cable.ts";
import { type CallFailure, Http2Calls } from "./http2-calls.ts";

type Answer = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void;

interface Peer {
  readonly calls: Http2Calls;
  readonly sessions: ServerHttp2Session[];
}

/** @param through where calls are sent to instead, given the server's own URL */
async function serve(
  t: TestContext,
  answer: Answer,
  clock: Clock = realClock,
  through: (url: string) => Promise<string> = async (url) => url,
): Promise<Peer> {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    answer(stream as ServerHttp2Stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = await through(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const calls = new Http2Calls({ url, tls: () => ({}), clock });
  t.after(() => {
    calls.close();
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { calls, sessions };
}

interface Outcome {
  readonly messages: string[];
  readonly failure: CallFailure | undefined;
}

const run = (calls: Http2Calls, deadlineMs?: number): Promise<Outcome> =>
  new Promise((resolve) => {
    const messages: string[] = [];
    calls.start("/a.B/C", framed("?"), deadlineMs, {
      onMessage: (bytes) => messages.push(bytes.toString()),
      onEnd: (failure) => resolve({ messages, failure }),
    });
  });

function framed(text: string): Buffer {
  const bytes = Buffer.from(`\0\0\0\0\0${text}`);
  bytes.writeUInt32BE(bytes.length - 5, 1);
  return bytes;
}

function end(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.end();
}

test("messages arrive whole, however they are cut", async (t) => {
  let seen: Readonly<Record<string, unknown>> = {};
  const { calls } = await serve(t, async (stream, headers) => {
    seen = headers;
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    const all = Buffer.concat([framed("one"), framed(""), framed("x".repeat(1000)), framed("last")]);
    for (let at = 0; at < all.length; at += 7) {
      stream.write(all.subarray(at, at + 7));
      if (at < 30) await sleep(1);
    }
    end(stream, { "grpc-status": "0" });
  });
  const { messages, failure } = await run(calls, 2500.2);
  assert.deepEqual(messages, ["one", "", "x".repeat(1000), "last"]);
  assert.equal(failure, undefined);
  const { ":path": path, te, "grpc-timeout": timeout, hasleader } = seen;
  assert.deepEqual([path, te, timeout, hasleader], ["/a.B/C", "trailers", "2501m", "true"]);
});

test("a refusal is told in the server's words, with and without an answer before it", async (t) => {
  const answers: Answer[] = [
    (stream) => stream.respond({ "grpc-status": "14", "grpc-message": "etcdserver: no%20leader" }, { endStream: true }),
    (stream) => {
      stream.respond({}, { waitForTrailers: true });
      end(stream, { "grpc-status": "11", "grpc-message": "100% gone" });
    },
    (stream) => stream.respond({ ":status": 503 }, { endStream: true }),
    (stream) => stream.close(7),
  ];
  const { calls } = await serve(t, (stream, headers) => answers.shift()?.(stream, headers));
  const failures: unknown[] = [];
  for (let i = 0; i < 4; i++) failures.push((await run(calls)).failure);
  assert.deepEqual(failures.slice(0, 3), [
    { code: 14, details: "etcdserver: no leader" },
    { code: 11, details: "100% gone" },
    { code: 14, details: "HTTP status 503" },
  ]);
  assert.equal((failures[3] as CallFailure).code, 14);
});

test("a call ends at its deadline, and with its connection; the next one finds another", async (t) => {
  let hang = true;
  let arrived = () => {};
  const { calls, sessions } = await serve(t, (stream) => {
    if (hang) return arrived();
    stream.respond({}, { waitForTrailers: true });
    end(stream, { "grpc-status": "0" });
  });
  assert.deepEqual((await run(calls, 20)).failure, { code: 4, details: "Deadline exceeded" });
  const there = new Promise<void>((resolve) => (arrived = resolve));
  const lost = run(calls);
  await there;
  sessions[0]!.destroy();
  assert.equal((await lost).failure?.code, 14);
  hang = false;
  assert.equal((await run(calls)).failure, undefined);
  assert.equal(sessions.length, 2);
});

test("a server that is gone without a word is found out, and one that is there is left alone", async (t) => {
  const clock = new VirtualClock();
  let cable: Cable | undefined;
  const asked = Promise.withResolvers<void>();
  const { calls, sessions } = await serve(
    t,
    () => asked.resolve(),
    clock,
    async (url) => {
      cable = await Cable.to(url);
      t.after(() => cable!.close());
      return cable.url;
    },
  );
  const outcomes: Outcome[] = [];
  const ended = run(calls).then((outcome) => outcomes.push(outcome));
  await asked.promise;
  const pinged = once(sessions[0]!, "ping");
  await clock.advance(10_000);
  await pinged;
  // What comes behind the answer comes back when that has arrived.
  await new Promise<void>((resolve) => void sessions[0]!.ping(() => resolve()));
  await clock.advance(9_000);
  assert.equal(outcomes.length, 0);
  cable!.deafen();
  await clock.advance(1_000);
  assert.equal(outcomes.length, 0);
  await clock.advance(5_000);
  await ended;
  assert.deepEqual(outcomes[0]?.failure, { code: 14, details: "the server does not answer" });
});

test("where nobody listens, calls fail at once and say why", async () => {
  const calls = new Http2Calls({ url: "http://127.0.0.1:1", tls: () => ({}) });
  for (let i = 0; i < 2; i++) {
    const { failure } = await run(calls, 5000);
    assert.equal(failure?.code, 14);
    assert.match(failure.details, /ECONNREFUSED/);
  }
  calls.close();
});

test("another way to the server, where there is one, is given its name", async (t) => {
  const server = createServer();
  server.on("stream", (given) => {
    const stream = given as ServerHttp2Stream;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.write(framed("by another way"));
    end(stream, { "grpc-status": "0" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const asked: string[] = [];
  const dial = (host: string, of: number) => {
    asked.push(`${host}:${of}`);
    return connect(port, "127.0.0.1");
  };
  const calls = new Http2Calls({ url: "http://etcd.invalid:2379", tls: () => ({}), dial });
  t.after(() => {
    calls.close();
    server.close();
  });
  assert.deepEqual((await run(calls, 5000)).messages, ["by another way"]);
  assert.deepEqual(asked, ["etcd.invalid:2379"]);
});
