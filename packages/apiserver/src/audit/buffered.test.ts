import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, VirtualClock } from "@kubets/apimachinery";
import { BufferedBackend } from "./buffered.ts";
import type { AuditEvent } from "./event.ts";
import { AuditMetrics } from "./metrics.ts";

test("what waits for a throttled backend goes on when the server stops", async () => {
  const batches: number[] = [];
  const delegate = {
    process: (events: readonly AuditEvent[]) => batches.push(events.length) > 0,
    close: async () => {},
  };
  const clock = new VirtualClock();
  const throttle = { qps: 0.001, burst: 1 };
  const options = { bufferSize: 10, maxBatchSize: 1, maxBatchWaitMs: 0, concurrent: true, throttle };
  const buffered = new BufferedBackend(delegate, options, clock, new AuditMetrics(clock, silentLogger));
  for (let i = 0; i < 3; i++) buffered.process([{} as AuditEvent]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(batches, [1]);
  await buffered.close();
  assert.deepEqual([batches, clock.pendingTimers], [[1, 1, 1], 0]);
});
