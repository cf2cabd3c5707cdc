import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { requestOf } from "../testing/server.ts";
import { acceptWebSocket } from "./web-socket.ts";

test("a client that has gone before its connection is taken keeps nobody waiting", { timeout: 5000 }, async () => {
  const socket = new PassThrough();
  socket.destroy();
  await once(socket, "close");
  const headers = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const request = requestOf("GET", "/api/v1/pods?watch=1", undefined, { headers });
  const accepted = acceptWebSocket({ ...request, upgrade: { socket, head: Buffer.alloc(0) } }, undefined);
  await assert.rejects(accepted, /closed before it was upgraded/);
});
