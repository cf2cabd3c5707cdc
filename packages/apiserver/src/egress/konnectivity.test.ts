import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { realClock } from "@kubets/apimachinery";
import { bytesField, Fields, numberField } from "../encryption/kms/wire.ts";
import { httpsHook } from "../testing/https-hook.ts";
import { WebhookClient } from "../webhook/index.ts";
import { type Dial, egressFrom } from "./egress.ts";

const packet = (type: number, field: number, fields: Uint8Array[]) =>
  Buffer.concat([...numberField(1, type), ...bytesField(field, Buffer.concat(fields))]);

/** As konnectivity's server with an agent beside it: whatever host it is asked for, it connects to the port on loopback. */
async function konnectivity(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-konnectivity-"));
  const path = join(directory, "server.sock");
  const asked: string[] = [];
  const closed: number[] = [];
  let last = 0;
  const serve = (tunnel: ServerDuplexStream<Buffer, Buffer>) => {
    const id = ++last;
    let socket: Socket | undefined;
    tunnel.on("error", () => {});
    tunnel.on("data", (bytes: Buffer) => {
      const message = new Fields(bytes);
      const type = message.number(1);
      if (type === 0) {
        const dial = new Fields(message.bytes(2));
        const [address, random] = [dial.text(2), numberField(3, dial.number(3))];
        asked.push(`${dial.text(1)} ${address}`);
        socket = connect(Number(address.split(":").at(-1)), "127.0.0.1");
        socket.on("connect", () => tunnel.write(packet(1, 3, [...numberField(2, id), ...random])));
        socket.on("data", (data) => tunnel.write(packet(4, 4, [...numberField(1, id), ...bytesField(3, data)])));
        socket.on("error", (error) => tunnel.write(packet(1, 3, [...bytesField(1, error.message), ...random])));
        socket.on("close", () => tunnel.write(packet(3, 6, numberField(2, id))));
      }
      if (type === 4) socket?.write(new Fields(message.bytes(4)).bytes(3));
      if (type === 2) closed.push(new Fields(message.bytes(5)).number(1));
      if (type === 2) socket?.destroy();
    });
    tunnel.on("end", () => tunnel.end());
  };
  const server = new Server();
  const same = (bytes: Buffer) => bytes;
  server.register("/ProxyService/Proxy", serve, same, same, "bidi");
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  t.after(() => {
    server.forceShutdown();
    rmSync(directory, { recursive: true, force: true });
  });
  const connection = { proxyProtocol: "GRPC", transport: { uds: { udsName: path } } };
  const kind = { apiVersion: "apiserver.k8s.io/v1beta1", kind: "EgressSelectorConfiguration" };
  const content = JSON.stringify({ ...kind, egressSelections: [{ name: "cluster", connection }] });
  const egress = await egressFrom(content, { clock: realClock });
  return { egress, dial: egress.cluster as Dial, asked, closed };
}

async function portOf(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

test("bytes go both ways, however many, and an end is an end", async (t) => {
  const { dial, asked, closed } = await konnectivity(t);
  const port = await portOf(t, (socket) => socket.pipe(socket));
  const connection = await dial("node.invalid", port);
  const sent = Buffer.alloc(1_000_000, "x");
  connection.write(sent);
  let received = 0;
  for await (const chunk of connection as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received >= sent.length) break;
  }
  assert.equal(received, sent.length);
  assert.deepEqual(asked, [`tcp node.invalid:${port}`]);
  while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(closed, [1]);
  const saying = await portOf(t, (socket) => socket.end("that is all"));
  let text = "";
  for await (const chunk of await dial("other.invalid", saying)) text += chunk;
  assert.equal(text, "that is all");
});

test("who cannot be reached is told of; so is a server that is not there", async (t) => {
  const { dial } = await konnectivity(t);
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  await assert.rejects(dial("node.invalid", port), /^Error: dialing node\.invalid:\d+ via .*: connect ECONNREFUSED/);
  const connection = { proxyProtocol: "GRPC", transport: { uds: { udsName: "/not/there.sock" } } };
  const kind = { apiVersion: "apiserver.k8s.io/v1beta1", kind: "EgressSelectorConfiguration" };
  const content = JSON.stringify({ ...kind, egressSelections: [{ name: "etcd", connection }] });
  const { etcd } = await egressFrom(content, { clock: realClock });
  await assert.rejects(etcd!("a", 1), /dialing a:1 via \/not\/there\.sock: 14 UNAVAILABLE/);
});

test("a webhook is called by TLS through it", async (t) => {
  const { egress, asked } = await konnectivity(t);
  const hook = await httpsHook(() => ({ fine: true }));
  t.after(() => hook.close());
  const client = new WebhookClient({
    clock: realClock,
    services: { resolve: async () => ({ host: "10.0.0.1", port: 1 }) },
    egress: { controlplane: egress.cluster as Dial },
  });
  const target = { url: hook.url, caBundle: Buffer.from(hook.ca).toString("base64") };
  for (let i = 0; i < 3; i++) assert.deepEqual(await client.call(target, {}), { fine: true });
  client.close();
  assert.deepEqual(asked, [`tcp ${new URL(hook.url).host}`]);
});
