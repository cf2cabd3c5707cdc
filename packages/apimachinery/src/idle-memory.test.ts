import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleMemory } from "./idle-memory.ts";
import { VirtualClock } from "./virtual-clock.ts";

function idleMemory() {
  const clock = new VirtualClock();
  const given = { times: 0 };
  const memory = new IdleMemory(clock, () => given.times++);
  const collect = async (times: number, everyMs: number) => {
    for (let i = 0; i < times; i++) {
      memory.collected(1);
      await clock.advance(everyMs);
    }
  };
  return { clock, given, memory, collect };
}

test("what a start leaves behind is given back when it is over, and what a load leaves behind after a minute's quiet", async () => {
  const { clock, given, memory, collect } = idleMemory();
  await collect(20, 500);
  assert.equal(given.times, 0, "it is still starting");
  await clock.advance(4000);
  assert.equal(given.times, 1);
  await collect(20, 10_000);
  assert.equal(given.times, 1, "bursts of load");
  await clock.advance(120_000);
  assert.equal(given.times, 2);
  // What the full collection itself was.
  memory.collected(4);
  await clock.advance(600_000);
  assert.equal(given.times, 2);
});

test("what runs by itself does not keep memory from being given back, and is not worth a pause itself", async () => {
  const { clock, given, collect } = idleMemory();
  await clock.advance(2000);
  await collect(7, 40_000);
  assert.equal(given.times, 1, "the start alone");
  await collect(50, 100);
  await collect(4, 40_000);
  assert.equal(given.times, 2, "after a load");
});
