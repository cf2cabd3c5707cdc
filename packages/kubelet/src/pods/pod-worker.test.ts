import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLogger, VirtualClock } from "@kubets/apimachinery";
import { testPod } from "../testing/pods.ts";
import type { PodSteps, StepResult } from "./pod-worker.ts";
import { PodWorker } from "./pod-worker.ts";

function setUp(overrides: Partial<PodSteps> = {}) {
  const clock = new VirtualClock();
  const steps: string[] = [];
  const stop = new AbortController();
  const record =
    (name: string, result: StepResult = {}) =>
    async () => {
      steps.push(name);
      return result;
    };
  const worker: PodWorker = new PodWorker(
    {
      clock,
      logger: silentLogger,
      signal: stop.signal,
      onForgotten: () => steps.push("forgotten"),
      steps: {
        sync: record("sync"),
        terminating: async () => void steps.push(`terminating ${worker.graceSeconds}`),
        terminated: async () => void steps.push("terminated"),
        stillRuns: async () => false,
        forget: async () => void steps.push("forget"),
        ...overrides,
      },
    },
    testPod(),
  );
  return { clock, steps, stop, worker };
}

const deleted = (deletionGracePeriodSeconds: number) =>
  testPod({}, { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds });

describe("PodWorker", () => {
  it("looks once for all that happened in one turn", async () => {
    const { worker, steps, clock } = setUp();
    worker.wake();
    worker.update(testPod());
    worker.runtimeChanged();
    await clock.advance(0);
    assert.deepEqual(steps, ["sync"]);
  });

  it("goes from deletion to the end, and is forgotten when the source has it no more", async () => {
    const { worker, steps, clock } = setUp();
    worker.update(deleted(7));
    await clock.advance(0);
    assert.deepEqual(steps, ["terminating 7", "terminated"]);
    worker.remove();
    await clock.advance(0);
    assert.deepEqual(steps.slice(2), ["forget", "forgotten"]);
  });

  it("interrupts a sync that is under way when the pod is deleted", async () => {
    const { worker, steps, clock } = setUp({
      sync: (_, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    worker.wake();
    await clock.advance(0);
    worker.update(deleted(1));
    await clock.advance(0);
    assert.deepEqual(steps, ["terminating 1", "terminated"]);
  });

  it("starts terminating again when the grace gets shorter, not when it gets longer", async () => {
    const graces: number[] = [];
    const { worker, clock } = setUp({
      terminating: (each, signal) => {
        graces.push(each.graceSeconds);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    });
    worker.update(deleted(30));
    await clock.advance(0);
    worker.update(deleted(60));
    await clock.advance(0);
    worker.update(deleted(5));
    await clock.advance(0);
    assert.deepEqual(graces, [30, 5]);
  });

  it("tries again after a failure, later each time", async () => {
    let calls = 0;
    const { worker, clock } = setUp({
      sync: async () => {
        calls++;
        throw new Error("no");
      },
    });
    worker.wake();
    await clock.advance(999);
    assert.equal(calls, 1);
    await clock.advance(1);
    assert.equal(calls, 2);
    await clock.advance(1999);
    assert.equal(calls, 2);
    await clock.advance(1);
    assert.equal(calls, 3);
  });

  it("stops a pod again that still ran after it had ended", async () => {
    let left = true;
    const { worker, steps, clock } = setUp({
      stillRuns: async (each) => {
        each.takeStale();
        const answer = left;
        left = false;
        return answer;
      },
    });
    worker.update(deleted(1));
    await clock.advance(0);
    assert.deepEqual(steps, ["terminating 1", "terminated", "terminating 1", "terminated"]);
  });
});
