import assert from "node:assert/strict";
import { test } from "node:test";
import { conflict, notFound, silentLogger, VirtualClock } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import { besideOthers, keepPublished } from "./bootstrap.ts";

test("what another server is in the middle of is tried again, but not by one that stops", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  let attempts = 0;
  const work = async () => {
    attempts++;
    throw conflict({ group: "", resource: "services" }, "kubernetes", "busy");
  };
  const outcome = besideOthers(clock, stop.signal, work).catch((error: unknown) => error);
  await clock.advance(250);
  assert.equal(attempts, 2);
  const stopped = new Error("stopped");
  stop.abort(stopped);
  assert.deepEqual([await outcome, attempts, clock.pendingTimers], [stopped, 2, 0]);
});

test("what cannot be watched is tried again after a while, not at once", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  let tries = 0;
  // Fails as the store's answer would, in a later turn.
  const fail = async () => {
    tries++;
    await new Promise((resolve) => setImmediate(resolve));
    if (tries < 100) throw new Error("unavailable");
    stop.abort();
  };
  const transport = { request: fail, watch: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }) };
  const publication = { clusterIP: "10.0.0.1", addresses: async () => [], port: 6443 };
  const base = {
    ...{ transport: transport as unknown as InProcessTransport, publication, serviceCidrs: undefined },
    ...{ leases: undefined, clock, logger: silentLogger },
  };
  const keeping = keepPublished(base, stop.signal);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tries, 3, "one for each kind");
  await clock.advance(251);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(tries, 6);
  stop.abort();
  await keeping;
});

test("a Service that was deleted and cannot be made at once is made a moment later: no event tells of it any more", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const made: string[] = [];
  let refusals = 1;
  const resource = { group: "", resource: "services" };
  const transport = {
    async request({ method, path }: { method: string; path: string }) {
      if (method === "GET") throw notFound(resource, "kubernetes");
      if (refusals-- > 0) throw conflict(resource, "kubernetes", "its address is not free yet");
      made.push(path);
    },
    async *watch({ path }: { path: string }) {
      if (path.endsWith("/services") && made.length === 0 && refusals > 0) yield { type: "DELETED" };
      await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    },
  } as unknown as InProcessTransport;
  const publication = { clusterIP: "10.0.0.1", addresses: async () => [], port: 6443 };
  const base = { transport, publication, serviceCidrs: undefined, leases: undefined, clock, logger: silentLogger };
  const keeping = keepPublished(base, stop.signal);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(made, []);
  await clock.advance(251);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(made, ["/api/v1/namespaces/default/services"]);
  stop.abort();
  await keeping;
});
