import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "./virtual-clock.ts";
import { WorkQueue, type WorkQueueMeter } from "./work-queue.ts";

test("a key is queued once and worked on once at a time", async () => {
  const queue = new WorkQueue();
  queue.add("a");
  queue.add("b");
  queue.add("a");
  assert.equal(queue.length, 2);
  assert.equal(await queue.get(), "a");
  queue.add("a");
  assert.equal(queue.length, 1);
  assert.equal(await queue.get(), "b");
  assert.equal(queue.length, 0);
  queue.done("a");
  assert.equal(await queue.get(), "a");
  queue.done("a");
  queue.done("b");
  assert.equal(queue.processing, 0);
});

test("getters are served in order; an aborted one loses no key", async () => {
  const queue = new WorkQueue();
  const stop = new AbortController();
  const first = queue.get(stop.signal);
  const second = queue.get();
  stop.abort(new Error("stop"));
  await assert.rejects(first, /stop/);
  queue.add("a");
  assert.equal(await second, "a");
  queue.done("a");
  await assert.rejects(queue.get(stop.signal), /stop/);
});

test("addAfter keeps the earlier time", async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 200);
  await clock.advance(49);
  assert.equal(queue.length, 0);
  await clock.advance(1);
  assert.equal(queue.length, 1);
  assert.equal(clock.pendingTimers, 0);
  queue.addAfter("b", 0);
  assert.equal(queue.length, 2);
});

test("back-off doubles per key until forgotten", async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    queue.addRateLimited("a");
    delays.push((clock.nextAt ?? 0) - clock.now());
    await clock.advanceToNext();
    queue.done((await queue.get())!);
  }
  assert.deepEqual(delays.slice(0, 4), [5, 10, 20, 40]);
  assert.equal(delays.at(-1), 1_000_000);
  assert.equal(queue.numRequeues("a"), 20);
  queue.forget("a");
  assert.equal(queue.numRequeues("a"), 0);
});

test("shutdown hands out what is queued, then undefined", async () => {
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  const idle = new WorkQueue();
  const waiting = idle.get();
  idle.shutDown();
  assert.equal(await waiting, undefined);
  queue.add("a");
  queue.addAfter("b", 10);
  const drained = queue.shutDownWithDrain();
  queue.add("c");
  assert.equal(await queue.get(), "a");
  assert.equal(await queue.get(), undefined);
  queue.done("a");
  await drained;
  assert.equal(clock.pendingTimers, 0);
});

test("the meter is told of adds while a key is worked on, as client-go's, and of what is in work", async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  let inWork = (): number[] => [];
  const meter: WorkQueueMeter = {
    added: () => void told.push("added"),
    started: (ms) => void told.push(`started after ${ms}`),
    ended: (ms) => void told.push(`ended after ${ms}`),
    retried: () => void told.push("retried"),
    follow: (ages) => {
      inWork = ages;
    },
  };
  const queue = new WorkQueue<string>({ clock, meter });
  queue.add("a");
  queue.add("a");
  await clock.advance(10);
  await queue.get();
  await clock.advance(5);
  assert.deepEqual(inWork(), [5]);
  queue.add("a");
  queue.add("a");
  await clock.advance(7);
  queue.done("a");
  assert.deepEqual(inWork(), []);
  await queue.get();
  queue.addAfter("b", 0);
  queue.addRateLimited("b");
  const first = ["added", "started after 10", "added", "ended after 12", "started after 7"];
  assert.deepEqual(told, [...first, "retried", "added", "retried"]);
});
