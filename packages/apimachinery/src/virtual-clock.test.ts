import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("fires in order, and what callbacks start", async () => {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  clock.setTimeout(() => seen.push(`b${clock.now()}`), 20);
  clock.setTimeout(() => {
    seen.push(`a${clock.now()}`);
    clock.setTimeout(() => seen.push(`c${clock.now()}`), 5);
  }, 10);
  clock.setTimeout(() => seen.push("never"), 10).cancel();
  await clock.advance(15);
  assert.deepEqual(seen, ["a10", "c15"]);
  assert.equal(clock.nextAt, 20);
  assert.equal(await clock.advanceToNext(), true);
  assert.equal(await clock.advanceToNext(), false);
  assert.deepEqual(seen, ["a10", "c15", "b20"]);
});

test("sleep, and a loop that never ends", async () => {
  const clock = new VirtualClock(0);
  let turns = 0;
  const stop = new AbortController();
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(1000, stop.signal);
      turns++;
    }
  })();
  assert.equal(await clock.runUntilIdle(3500), false);
  assert.equal(turns, 3);
  assert.equal(clock.now(), 3500);
  stop.abort(new Error("stopped"));
  await assert.rejects(loop, /stopped/);
  assert.equal(clock.pendingTimers, 0);
});

test("the same seed gives the same numbers", () => {
  const [a, b] = [seededRandom(7), seededRandom(7)];
  assert.equal(a.next(), b.next());
  assert.equal(a.uuid(), b.uuid());
  assert.match(a.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("thousands of timers fire in order of time, then of creation", async () => {
  const clock = new VirtualClock(0);
  const random = seededRandom(3);
  const fired: [at: number, order: number][] = [];
  for (let i = 0; i < 2000; i++) {
    const at = Math.floor(random.next() * 50);
    const timer = clock.setTimeout(() => fired.push([at, i]), at);
    if (i % 3 === 0) timer.cancel();
  }
  assert.equal(clock.pendingTimers, 1333);
  await clock.advance(50);
  assert.equal(fired.length, 1333);
  assert.deepEqual(
    fired,
    fired.toSorted(([a, i], [b, j]) => a - b || i - j),
  );
  assert.equal(clock.pendingTimers, 0);
});
