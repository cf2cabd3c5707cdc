import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock, VirtualClock } from "@kubets/apimachinery";
import { send as ask, configMap, requestOf, testServer } from "../testing/server.ts";
import type { Exchange } from "./exchange.ts";
import { send, UnreadBytes } from "./outgoing.ts";
import type { HttpResponse } from "./render.ts";

const megabyte = 1024 * 1024;
const maps = "/api/v1/namespaces/default/configmaps";

/** A connection whose other end never reads; `waiting` is what the server has put on it. */
function unread() {
  const state = { waiting: 0 };
  const exchange = {
    destroyed: false,
    ended: false,
    needsDrain: true,
    get waiting() {
      return state.waiting;
    },
    respond: () => {},
    write: (bytes: Uint8Array) => {
      state.waiting += bytes.length;
      return false;
    },
    end: (bytes?: Uint8Array) => {
      state.waiting += bytes?.length ?? 0;
    },
    on: () => {},
    off: () => {},
  };
  return { state, exchange: exchange as unknown as Exchange };
}

const unreadExchange = () => unread().exchange;

async function afterAWhile(response: HttpResponse): Promise<number> {
  const gone = new AbortController();
  const { state, exchange } = unread();
  const sent = send(requestOf("GET", maps, undefined, { signal: gone.signal }), response, exchange, realClock);
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
  const { waiting } = state;
  gone.abort();
  Object.assign(exchange, { destroyed: true });
  await sent;
  return waiting;
}

test("nobody who does not read is sent much: lists, large objects, and what a watch begins with", async () => {
  const chunks = Array.from({ length: 64 }, () => new Uint8Array(megabyte / 8));
  const list = { chunks, length: 8 * megabyte, gzipped: async () => [] };
  const headers = {};
  assert.ok((await afterAWhile({ status: 200, headers, body: { type: "list", list } })) < megabyte);
  const large = { chunks: [new Uint8Array(8 * megabyte)], length: 8 * megabyte, gzipped: async () => [] };
  assert.ok((await afterAWhile({ status: 200, headers, body: { type: "list", list: large } })) < megabyte);
  const bytes = new Uint8Array(8 * megabyte);
  assert.ok((await afterAWhile({ status: 200, headers, body: { type: "bytes", bytes } })) < megabyte);

  const server = testServer();
  for (let i = 0; i < 20; i++) await ask(server, "POST", maps, configMap(`m${i}`, { x: "x".repeat(megabyte / 8) }));
  const watching = await server.handle(requestOf("GET", `${maps}?watch=1`));
  assert.ok((await afterAWhile(watching)) < megabyte);
});

test("answers that nobody reads are given up in time, and are only so many", async () => {
  const clock = new VirtualClock();
  const unread = new UnreadBytes();
  const response: HttpResponse = { status: 200, headers: {}, body: { type: "bytes", bytes: new Uint8Array(megabyte) } };
  const gone = new AbortController();
  const stalled = Object.assign(unreadExchange(), { destroy: () => gone.abort() });
  const sent = send(requestOf("GET", maps, undefined, { signal: gone.signal }), response, stalled, clock, unread);
  assert.ok(unread.take(1023 * megabyte));
  let status = 0;
  const refused = Object.assign(unreadExchange(), {
    respond: (code: number) => {
      status = code;
    },
  });
  await send(requestOf("GET", maps), response, refused, clock, unread);
  assert.equal(status, 429);
  await clock.advance(60_000);
  await sent;
  assert.ok(unread.take(megabyte));
});
