import assert from "node:assert/strict";
import { test } from "node:test";
import { conflict, VirtualClock } from "@kubets/apimachinery";
import { besideOthers } from "./bootstrap.ts";

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
