import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { silentLogger } from "@kubets/apimachinery";
import { acceptWebSocket } from "../server/web-socket.ts";
import { requestOf } from "../testing/server.ts";
import { translateExec } from "./exec-translator.ts";

test("a client that speaks nonsense to a node that cannot be reached ends its own connection, and at once", {
  timeout: 10_000,
}, async () => {
  const server = createServer();
  const translated = Promise.withResolvers<void>();
  server.on("upgrade", async ({ headers }, socket, head) => {
    const request = requestOf("GET", "/", undefined, { headers: headers as Record<string, string> });
    const client = await acceptWebSocket({ ...request, upgrade: { socket, head } }, "v5.channel.k8s.io");
    const streams = { stdin: true, stdout: true, stderr: false, tty: false };
    const node = { host: "127.0.0.1", port: 1 };
    const { signal } = new AbortController();
    await translateExec({ client, protocol: "v5.channel.k8s.io", streams, node, signal, logger: silentLogger });
    translated.resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let said = "";
  client.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n${key}\r\n\r\n`);
  // No frame begins like that.
  client.write(Buffer.from("ffffffffffffffff", "hex"));
  const closed = once(client, "close");
  await translated.promise;
  await closed;
  assert.match(said, /error dialing backend: /);
  server.close();
});
