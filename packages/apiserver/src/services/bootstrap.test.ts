import assert from "node:assert/strict";
import { test } from "node:test";
import { conflict, silentLogger, VirtualClock } from "@kubets/apimachinery";
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
  let watches = 0;
  const transport = {
    request: () => assert.fail("nothing is written"),
    requestText: () => assert.fail("nothing is read"),
    async *watch() {
      watches++;
      // Fails as the store's answer would, in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
      if (watches < 100) throw new Error("unavailable");
      stop.abort();
    },
  } as unknown as InProcessTransport;
  const publication = { clusterIP: "10.0.0.1", addresses: async () => [], port: 6443 };
  const base = { transport, publication, serviceCidrs: undefined, leases: undefined, clock, logger: silentLogger };
  const keeping = keepPublished(base, stop.signal);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watches, 3, "one for each kind");
  await clock.advance(251);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watches, 6);
  stop.abort();
  await keeping;
});
