import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { grpcProbe } from "./grpc-probe.ts";

/** What a probe makes of a server that answers with this status and message. */
async function probeOf(t: TestContext, status: string, message: string): Promise<string> {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status, "grpc-message": message }));
    stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const limits = { clock: realClock, timeoutMs: 30_000, signal: t.signal };
  const { result, output } = await grpcProbe("127.0.0.1", port, "", limits);
  assert.equal(result, "failure");
  return output;
}

test("what a server says why is told, be it written well or not", async (t) => {
  assert.equal(await probeOf(t, "2", "no%20more"), "error: health rpc probe failed: no more");
  assert.equal(await probeOf(t, "2", "100% broken"), "error: health rpc probe failed: 100% broken");
});

test("an answer without end is not read to its end", { timeout: 10_000 }, async (t) => {
  const server = createServer();
  let sent = 0;
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    const chunk = Buffer.alloc(64 * 1024);
    const write = () => {
      for (let more = true; more && !stream.destroyed; sent += chunk.length) more = stream.write(chunk);
    };
    stream.on("drain", write);
    write();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const limits = { clock: realClock, timeoutMs: 30_000, signal: t.signal };
  const { output } = await grpcProbe("127.0.0.1", port, "", limits);
  assert.match(output, /^error: health rpc probe failed: .*received message larger than max/);
  assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes`);
});
