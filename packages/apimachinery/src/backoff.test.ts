import assert from "node:assert/strict";
import { test } from "node:test";
import { ExponentialBackoff, KeyedBackoff } from "./backoff.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("a sequence grows to its cap and starts over", () => {
  const backoff = new ExponentialBackoff({ initialMs: 10, maxMs: 35 });
  assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [10, 20, 35, 35]);
  backoff.reset();
  assert.equal(backoff.next(), 10);
});

test("jitter only lengthens", () => {
  const backoff = new ExponentialBackoff({ initialMs: 100, factor: 1, jitter: 0.5, random: seededRandom(1) });
  for (let i = 0; i < 100; i++) {
    const ms = backoff.next();
    assert.ok(ms >= 100 && ms < 150);
  }
});

test("per key, as for a crashing container", async () => {
  const clock = new VirtualClock();
  const backoff = new KeyedBackoff({ initialMs: 10_000, maxMs: 300_000, clock });
  assert.equal(backoff.isInBackOffSince("a", clock.now()), false);
  const delays: number[] = [];
  for (let i = 0; i < 7; i++) {
    backoff.next("a", clock.now());
    delays.push(backoff.get("a"));
  }
  assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  const failedAt = clock.now();
  assert.equal(backoff.isInBackOffSince("a", failedAt), true);
  await clock.advance(300_000);
  assert.equal(backoff.isInBackOffSince("a", failedAt), false);
  await clock.advance(300_001);
  backoff.next("a", clock.now());
  assert.equal(backoff.get("a"), 10_000);
  await clock.advance(700_000);
  backoff.gc();
  assert.equal(backoff.get("a"), 0);
});
