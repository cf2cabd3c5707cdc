import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { ChangeSet } from "./change-set.ts";

test("marks made while the worker is busy are taken together", async () => {
  const { signal } = new AbortController();
  const changes = new ChangeSet<string>();
  for (const key of ["a", "b", "a"]) changes.mark(key);
  assert.deepEqual([...(await changes.take(signal))], ["a", "b"]);
  const next = changes.take(signal);
  changes.mark("c");
  changes.mark("d");
  assert.deepEqual([...(await next)], ["c", "d"]);
});

test("a wait ends with the signal and leaves no listener behind", async () => {
  const stop = new AbortController();
  const changes = new ChangeSet();
  for (let turn = 0; turn < 3; turn++) {
    const taken = changes.take(stop.signal);
    changes.mark();
    await taken;
  }
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  const waiting = changes.take(stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(changes.take(stop.signal), /enough/);
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
});

test("drain takes without waiting", () => {
  const changes = new ChangeSet<string>();
  assert.equal(changes.drain().size, 0);
  changes.mark("a");
  assert.deepEqual([...changes.drain()], ["a"]);
});
