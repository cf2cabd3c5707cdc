import assert from "node:assert/strict";
import { test } from "node:test";
import { IdleMemory } from "./idle-memory.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("memory is given back once it is quiet after much was allocated, and once", async () => {
  const clock = new VirtualClock();
  let given = 0;
  const memory = new IdleMemory(clock, () => given++);
  for (let i = 0; i < 20; i++) {
    memory.collected(1);
    await clock.advance(500);
  }
  assert.equal(given, 0, "something is going on: the start, and then more");
  await clock.advance(2000);
  assert.equal(given, 1);
  // What the full collection itself was.
  memory.collected(4);
  await clock.advance(60_000);
  assert.equal(given, 1);
});

test("a little now and then is not worth a pause", async () => {
  const clock = new VirtualClock();
  let given = 0;
  const memory = new IdleMemory(clock, () => given++);
  await clock.advance(2000);
  assert.equal(given, 1, "the start");
  for (let i = 0; i < 7; i++) {
    memory.collected(1);
    await clock.advance(60_000);
  }
  assert.equal(given, 1);
  memory.collected(1);
  await clock.advance(2000);
  assert.equal(given, 2);
});
