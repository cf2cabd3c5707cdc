import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Server as GrpcServer, type Server, ServerCredentials, type ServerWritableStream, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { VirtualClock } from "@kubets/apimachinery";
import { connectRuntime } from "./connect.ts";
import type { RuntimeEvent } from "./services.ts";

type Stream = ServerWritableStream<object, object>;

const proto = fileURLToPath(new URL("../proto/cri.proto", import.meta.url));
const definitions = loadSync(proto, { keepCase: false, longs: Number, enums: String, defaults: true });

/** A runtime that serves these methods over the real protocol, and has no others. */
async function serve(t: TestContext, methods: Record<string, unknown>) {
  const dir = await mkdtemp(join(tmpdir(), "kubets-cri-"));
  const socket = join(dir, "runtime.sock");
  const servers: Server[] = [];
  const start = async () => {
    const server = new GrpcServer();
    server.addService(definitions["runtime.v1.RuntimeService"] as never, methods as never);
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    servers.push(server);
    return server;
  };
  t.after(async () => {
    for (const server of servers) server.forceShutdown();
    await rm(dir, { recursive: true, force: true });
  });
  return { socket, start };
}

/** Takes `count` events, then leaves the loop. */
async function take(events: AsyncIterable<RuntimeEvent>, count: number): Promise<RuntimeEvent[]> {
  const taken: RuntimeEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

const stopped = {
  containerId: "c1",
  containerEventType: "CONTAINER_STOPPED_EVENT",
  podSandboxStatus: { id: "s1", metadata: { name: "web", uid: "u1", namespace: "default", attempt: 0 } },
};
const stoppedEvent = { type: "ContainerStopped", containerId: "c1", sandboxId: "s1", podUid: "u1" };

test("a runtime with container events is followed, and again after it went away", { timeout: 10_000 }, async (t) => {
  const runtime = await serve(t, { GetContainerEvents: (call: Stream) => void call.write(stopped) });
  const first = await runtime.start();
  const client = await connectRuntime(runtime.socket);
  t.after(() => client.close());
  const stop = new AbortController();
  const events = client.events(stop.signal)[Symbol.asyncIterator]();
  assert.deepEqual((await events.next()).value, { type: "Relist" });
  assert.deepEqual((await events.next()).value, stoppedEvent);
  first.forceShutdown();
  const afterwards = events.next();
  await runtime.start();
  assert.deepEqual((await afterwards).value, { type: "Relist" });
  assert.deepEqual((await events.next()).value, stoppedEvent);
  const last = events.next();
  stop.abort();
  assert.equal((await last).done, true);
});

test("leaving the loop ends the call, though the signal has not aborted", { timeout: 10_000 }, async (t) => {
  const cancelled = Promise.withResolvers<void>();
  const runtime = await serve(t, {
    GetContainerEvents: (call: Stream) => {
      call.on("cancelled", cancelled.resolve);
      call.write(stopped);
    },
  });
  await runtime.start();
  const client = await connectRuntime(runtime.socket);
  t.after(() => client.close());
  assert.deepEqual(await take(client.events(new AbortController().signal), 2), [{ type: "Relist" }, stoppedEvent]);
  await cancelled.promise;
});

test("a runtime without any events is listed now and then", { timeout: 10_000 }, async (t) => {
  const runtime = await serve(t, {
    GetContainerEvents: (call: Stream) => call.emit("error", { code: status.UNIMPLEMENTED, details: "no events" }),
  });
  await runtime.start();
  const clock = new VirtualClock();
  const client = await connectRuntime(runtime.socket, { clock });
  t.after(() => client.close());
  const stop = new AbortController();
  const events = client.events(stop.signal)[Symbol.asyncIterator]();
  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    const next = events.next();
    if (i > 0) await clock.advance(10_000);
    assert.deepEqual((await next).value, { type: "Relist" });
    times.push(clock.monotonic());
  }
  assert.deepEqual(times, [0, 10_000, 20_000]);
  const last = events.next();
  stop.abort();
  assert.equal((await last).done, true);
  assert.equal(clock.pendingTimers, 0);
});

test("a signal that has aborted yields nothing", async (t) => {
  const client = await connectRuntime("/run/kubets-no-such.sock");
  t.after(() => client.close());
  assert.deepEqual(await take(client.events(AbortSignal.abort()), 1), []);
});
