import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { WebSocket } from "ws";
import { createCertificate, createCertificateAuthority } from "../certificates/create.ts";
import { decodeFrame, encodeFrame } from "../streaming/spdy/frames.ts";
import { HeaderCodec } from "../streaming/spdy/header-block.ts";
import { podNamed, realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

/** `cat`, as a kubelet serves it: what comes on stdin goes to stdout; its end is success. */
async function serveCat(socket: Duplex): Promise<void> {
  const codec = new HeaderCodec();
  const streams = new Map<string, number>();
  let bytes: Buffer = Buffer.alloc(0);
  const data = (streamId: number, text: string, fin: boolean) =>
    socket.write(encodeFrame({ type: "data", streamId, fin, payload: Buffer.from(text) }));
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk]);
    for (let decoded = decodeFrame(bytes); decoded !== undefined; decoded = decodeFrame(bytes)) {
      bytes = Buffer.from(decoded.rest);
      const { frame } = decoded;
      if (frame.type === "synStream") {
        const { streamtype = "" } = (await codec.decompress(frame.block)) as Record<string, string>;
        streams.set(streamtype, frame.streamId);
        const block = await codec.compress({});
        socket.write(encodeFrame({ type: "synReply", streamId: frame.streamId, fin: false, block }));
      } else if (frame.type === "data" && frame.streamId === streams.get("stdin")) {
        if (frame.payload.length > 0) data(streams.get("stdout")!, frame.payload.toString(), false);
        if (!frame.fin) continue;
        data(streams.get("stdout")!, "", true);
        data(streams.get("error")!, '{"metadata":{},"status":"Success"}', true);
      }
    }
  }
}

test("exec over WebSocket is translated to the kubelet's SPDY, with stdin closed by the client", async () => {
  const validity = { now: realClock.now(), days: 1 };
  const ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
  const usages = ["server", "client"] as const;
  const leaf = await createCertificate({ commonName: "me", usages, ipAddresses: ["127.0.0.1"] }, ca, validity);
  const tls = { key: leaf.key, cert: leaf.certificate };
  const kubelet = createServer(tls);
  const asked: string[] = [];
  kubelet.on("upgrade", (request, socket: Duplex) => {
    asked.push(`${request.method} ${request.url} ${request.headers.upgrade}`);
    socket.on("error", () => {});
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n",
    );
    serveCat(socket).catch(() => socket.destroy());
  });
  kubelet.listen(0, "127.0.0.1");
  await once(kubelet, "listening");
  const server = realServer({
    kubelet: { cert: leaf.certificate, key: leaf.key, ca: ca.certificate },
    listen: { tls, bindAddress: "127.0.0.1", port: 0 },
    maxConnectionBytesPerSecond: 1_000_000,
  });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  try {
    await send(server, "POST", "/api/v1/nodes", { metadata: { name: "n1" } });
    const { port } = kubelet.address() as AddressInfo;
    const status = {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    };
    const headers = { "content-type": "application/merge-patch+json" };
    await send(server, "PATCH", "/api/v1/nodes/n1/status", { status }, { headers });
    await send(server, "POST", "/api/v1/namespaces/default/pods", podNamed("p", { nodeName: "n1" }));
    const url = `wss://127.0.0.1:${server.port}/api/v1/namespaces/default/pods/p/exec?command=cat&stdin=true&stdout=true`;
    const client = new WebSocket(url, ["v5.channel.k8s.io", "v4.channel.k8s.io"], { rejectUnauthorized: false });
    const received: string[] = [];
    client.on("message", (message: Buffer) => received.push(`${message[0]}:${message.subarray(1)}`));
    await once(client, "open");
    assert.equal(client.protocol, "v5.channel.k8s.io");
    client.send(Buffer.from("\0hello"));
    client.send(Buffer.from([255, 0]));
    await once(client, "close");
    assert.deepEqual(
      received.filter((message) => message !== "1:"),
      ["1:hello", '3:{"metadata":{},"status":"Success"}'],
    );
    assert.deepEqual(asked, ["POST /exec/default/p/c?input=1&output=1&command=cat SPDY/3.1"]);
  } finally {
    stop.abort();
    await running;
    kubelet.closeAllConnections();
    kubelet.close();
  }
});
