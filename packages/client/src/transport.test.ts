import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import type { Resource } from "@kubets/api";
import { isConflict, isExpired, isNotFound, type KubeObject, StatusError } from "@kubets/apimachinery";
import { createHttpsTransport } from "./https-transport.ts";
import { createInformerFactory } from "./informer-factory.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import type { Method, Transport } from "./transport.ts";
import { createClient } from "./typed-client.ts";

interface Thing extends KubeObject {
  spec?: { n: number };
  status?: { ok: boolean };
}
const things: Resource<Thing> = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true };

/** The memory API behind a real HTTP server. */
async function serve(api: MemoryApi): Promise<{ url: string; server: http.Server; close(): Promise<void> }> {
  const server = http.createServer((request, response) => void answer(api, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}/prefix`, server, close };
}

async function answer(api: MemoryApi, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "", "http://x");
  const path = url.pathname.replace(/^\/prefix/, "");
  const query = Object.fromEntries(url.searchParams);
  const closed = new AbortController();
  response.on("close", () => closed.abort());
  const chunks = await Array.fromAsync(request as AsyncIterable<Uint8Array>);
  const body = chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
  const method = (request.method ?? "GET") as Method;
  const contentType = request.headers["content-type"] as "application/json";
  const decoded = { method, path, query, body, signal: closed.signal, ...(contentType ? { contentType } : {}) };
  try {
    if (query.watch === undefined) return void response.end(JSON.stringify(await api.request(decoded)));
    const events = api.watch(decoded)[Symbol.asyncIterator]();
    const first = events.next();
    // A watch that cannot begin fails at once; one that can has headers before its first event.
    await Promise.race([first, new Promise((resolve) => setImmediate(resolve))]);
    response.flushHeaders();
    for (let next = await first; !next.done; next = await events.next())
      response.write(`${JSON.stringify(next.value)}\n`);
    response.end();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const seconds = error.status.details?.retryAfterSeconds;
    if (seconds !== undefined) response.setHeader("Retry-After", String(seconds));
    response.statusCode = error.code;
    response.end(JSON.stringify(error.status));
  }
}

const implementations: Record<string, (api: MemoryApi) => Promise<{ transport: Transport; close(): Promise<void> }>> = {
  "in process": async (api) => ({ transport: api, close: async () => {} }),
  "over HTTP": async (api) => {
    const served = await serve(api);
    const transport = createHttpsTransport({ server: served.url });
    return {
      transport,
      close: async () => {
        transport.close();
        await served.close();
      },
    };
  },
};

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 15_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.ok(condition(), "the condition came true in time");
}

for (const [name, make] of Object.entries(implementations)) {
  suite(`a transport ${name}`, { timeout: 20_000 }, () => {
    test("verbs, conflicts and frozen answers", async () => {
      const { transport, close } = await make(new MemoryApi([things]));
      const client = createClient(transport).resource(things).namespace("x");
      const made = await client.create({ metadata: { name: "a" }, spec: { n: 1 } });
      assert.ok(Object.isFrozen(made.spec));
      const changed = await client.update({ ...made, spec: { n: 2 } });
      assert.equal(changed.metadata?.generation, 2);
      await assert.rejects(client.update({ ...made, spec: { n: 3 } }), isConflict);
      const withStatus = await client.updateStatus({ ...changed, spec: { n: 9 }, status: { ok: true } });
      assert.deepEqual([withStatus.spec, withStatus.status], [{ n: 2 }, { ok: true }]);
      const patched = await client.patch("a", "application/merge-patch+json", { metadata: { labels: { app: "web" } } });
      assert.deepEqual(patched.metadata?.labels, { app: "web" });
      assert.equal((await client.list({ labelSelector: "app=web" })).items.length, 1);
      assert.equal((await client.list({ labelSelector: "app=db" })).items.length, 0);
      await client.delete("a");
      await assert.rejects(client.get("a"), isNotFound);
      await close();
    });

    test("a watch gives every event in order and ends when told", async () => {
      const api = new MemoryApi([things]);
      const { transport, close } = await make(api);
      const client = createClient(transport).resource(things).namespace("x");
      const { resourceVersion = "" } = (await client.list()).metadata ?? {};
      const seen: string[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        for await (const event of client.watch({ resourceVersion, signal: stop.signal })) {
          seen.push(`${event.type} ${(event.object as KubeObject).metadata?.name}`);
        }
      })();
      for (let at = 0; at < 50; at++)
        await client.create({ metadata: { name: `n${at}`, annotations: { large: "é".repeat(5000) } } });
      await client.delete("n0");
      await until(() => seen.length === 51);
      assert.equal(seen[49], "ADDED n49");
      assert.equal(seen[50], "DELETED n0");
      stop.abort();
      await reading.catch(() => undefined);
      await close();
    });

    test("a watch from too long ago cannot begin", async () => {
      const api = new MemoryApi([things]);
      const { transport, close } = await make(api);
      const client = createClient(transport).resource(things);
      await client.namespace("x").create({ metadata: { name: "a" } });
      api.compact();
      await assert.rejects(Array.fromAsync(client.watch({ resourceVersion: "1" })), isExpired);
      await close();
    });

    test("an informer follows, indexes, relists after compaction and stops", async () => {
      const api = new MemoryApi([things]);
      const { transport, close } = await make(api);
      const client = createClient(transport);
      const of = client.resource(things).namespace("x");
      await of.create({ metadata: { name: "a", labels: { app: "web" } } });
      const stop = new AbortController();
      const factory = createInformerFactory(client);
      const informer = factory.informer(things);
      assert.equal(factory.informer(things), informer);
      const events: string[] = [];
      informer.addHandler({
        add: (object) => events.push(`add ${object.metadata?.name}`),
        update: (_, object) => events.push(`update ${object.metadata?.name}`),
        delete: (object) => events.push(`delete ${object.metadata?.name}`),
      });
      informer.addIndex("app", (object) => [object.metadata?.labels?.app ?? ""]);
      factory.start(stop.signal);
      await factory.synced();
      assert.deepEqual(events, ["add a"]);
      await of.create({ metadata: { name: "b", labels: { app: "db" } } });
      await until(() => informer.lister.get("x", "b") !== undefined);
      assert.deepEqual(
        informer.lister.byIndex("app", "db").map((object) => object.metadata?.name),
        ["b"],
      );
      // Changes nobody watched: one goes, one comes, and the history between is lost.
      events.length = 0;
      api.endWatches();
      await api.request({ method: "DELETE", path: "/api/v1/namespaces/x/configmaps/a", query: {} });
      await of.create({ metadata: { name: "c" } });
      api.compact();
      await until(() => informer.lister.get("x", "c") !== undefined && informer.lister.get("x", "a") === undefined);
      assert.ok(events.includes("delete a") && events.includes("add c"));
      assert.deepEqual(informer.lister.byIndex("app", "web"), []);
      const late: string[] = [];
      informer.addHandler({ add: (object) => late.push(object.metadata?.name ?? "") });
      assert.deepEqual(late.sort(), ["b", "c"]);
      stop.abort();
      await factory.stopped();
      await close();
    });
  });
}

test("no answer is ServiceUnavailable; an abort is the caller's own reason", async () => {
  const transport = createHttpsTransport({ server: "http://127.0.0.1:1" });
  const request = { method: "GET", path: "/api/v1/configmaps", query: {} } as const;
  await assert.rejects(
    transport.request(request),
    (error) => error instanceof StatusError && error.reason === "ServiceUnavailable",
  );
  const reason = new Error("enough");
  await assert.rejects(
    transport.request({ ...request, signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
});

test("safe requests are repeated after Retry-After, others are not; tokens come from the file as it is now", async () => {
  let refuse = 2;
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.authorization}`);
    if (request.headers.authorization === "Bearer old") response.writeHead(401).end("no");
    else if (refuse-- > 0) response.writeHead(429, { "Retry-After": "0" }).end("slow down");
    else response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const tokenFile = join(tmpdir(), `token-${process.pid}`);
  await writeFile(tokenFile, "old\n");
  const transport = createHttpsTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokenFile,
  });
  const request = { method: "GET", path: "/api/v1/configmaps", query: {} } as const;
  await assert.rejects(transport.request(request), (error) => error instanceof StatusError && error.code === 401);
  await writeFile(tokenFile, "new\n");
  await transport.request(request);
  assert.deepEqual(seen, [
    "GET Bearer old",
    "GET Bearer old",
    "GET Bearer old",
    "GET Bearer new",
    "GET Bearer new",
    "GET Bearer new",
  ]);
  refuse = 1;
  await assert.rejects(transport.request({ ...request, method: "POST", body: {} }), /slow down/);
  transport.close();
  server.close();
  await rm(tokenFile);
});

test("a server that changes the protocol unasked fails the request", { timeout: 10_000 }, async (t) => {
  const server = http.createServer((_request, response) => {
    response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const transport = createHttpsTransport({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  t.after(() => {
    transport.close();
    server.close();
    server.closeAllConnections();
  });
  const asked = transport.requestText({ method: "GET", path: "/version", query: {} });
  await assert.rejects(asked, /the connection ended before there was an answer/);
});
