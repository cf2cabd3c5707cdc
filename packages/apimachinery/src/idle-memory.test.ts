import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleMemory } from "./idle-memory.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("what a start leaves behind is given back when it is over, and what a load leaves behind after a minute's quiet", async () => {
  const clock = new VirtualClock();
  let given = 0;
  const memory = new IdleMemory(clock, () => given++);
  const busy = async (times: number, everyMs: number) => {
    for (let i = 0; i < times; i++) {
      memory.collected(1);
      await clock.advance(everyMs);
    }
  };
  await busy(20, 500);
  assert.equal(given, 0, "it is still starting");
  await clock.advance(2000);
  assert.equal(given, 1);
  await busy(20, 10_000);
  await clock.advance(40_000);
  assert.equal(given, 1, "bursts of load");
  await clock.advance(20_000);
  assert.equal(given, 2);
  // What the full collection itself was.
  memory.collected(4);
  await clock.advance(600_000);
  assert.equal(given, 2);
});

test("a little now and then is not worth a pause", async () => {
  const clock = new VirtualClock();
  let given = 0;
  const memory = new IdleMemory(clock, () => given++);
  await clock.advance(2000);
  for (let i = 0; i < 7; i++) {
    memory.collected(1);
    await clock.advance(120_000);
  }
  assert.equal(given, 1, "the start alone");
  memory.collected(1);
  await clock.advance(60_000);
  assert.equal(given, 2);
});
