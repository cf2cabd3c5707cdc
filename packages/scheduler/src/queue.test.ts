import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@kubets/api";
import { VirtualClock } from "@kubets/apimachinery";
import type { Plugin } from "./framework/plugin.ts";
import { nodeResourcesFit } from "./plugins/node-resources-fit.ts";
import { schedulingGates } from "./plugins/scheduling-gates.ts";
import { maxUnschedulableMs, SchedulingQueue } from "./queue.ts";

const never = new AbortController().signal;

function pod(name: string, priority = 0, spec: object = {}): Pod {
  return { metadata: { name, namespace: "default" }, spec: { priority, containers: [], ...spec } };
}

const nameOf = (p: Pod) => p.metadata?.name;

function newQueue(gates: Plugin[] = []) {
  const clock = new VirtualClock();
  return { clock, queue: new SchedulingQueue(clock, gates) };
}

test("higher priority first, then first come", async () => {
  const { clock, queue } = newQueue();
  for (const p of [pod("a"), pod("b", 10), pod("c")]) {
    queue.add(p);
    await clock.advance(1);
  }
  const order: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++) order.push(nameOf((await queue.pop(never)).pod));
  assert.deepEqual(order, ["b", "a", "c"]);
});

test("a pod that did not fit waits for an event that helps, and its back-off", async () => {
  const { clock, queue } = newQueue();
  queue.add(pod("a"));
  const queued = await queue.pop(never);
  queue.requeue(queued, queued.pod, new Set([nodeResourcesFit]));
  queue.onEvent({ kind: "AssignedPodAdd", pod: pod("other") });
  assert.deepEqual(queue.sizes, { active: 0, backoff: 0, unschedulable: 1 });
  queue.onEvent({ kind: "AssignedPodDelete", pod: pod("other") });
  assert.deepEqual(queue.sizes, { active: 0, backoff: 1, unschedulable: 0 });
  await clock.advance(1_000);
  assert.deepEqual(queue.sizes, { active: 1, backoff: 0, unschedulable: 0 });
});

test("an event during the attempt is not lost", async () => {
  const { queue } = newQueue();
  queue.add(pod("a"));
  const queued = await queue.pop(never);
  queue.onEvent({ kind: "AssignedPodDelete", pod: pod("other") });
  queue.requeue(queued, queued.pod, new Set([nodeResourcesFit]));
  assert.equal(queue.sizes.backoff, 1);
});

test("a pod that nothing helps is tried again after five minutes", async () => {
  const { clock, queue } = newQueue();
  queue.add(pod("a"));
  const queued = await queue.pop(never);
  queue.requeue(queued, queued.pod, new Set([nodeResourcesFit]));
  await clock.advance(maxUnschedulableMs);
  assert.equal(queue.sizes.active, 1);
});

test("a gated pod stays out until its gate goes", async () => {
  const { queue } = newQueue([schedulingGates]);
  const gated = pod("a", 0, { schedulingGates: [{ name: "example.com/wait" }] });
  queue.add(gated);
  assert.deepEqual(queue.sizes, { active: 0, backoff: 0, unschedulable: 1 });
  queue.update(gated, pod("a"));
  assert.equal(queue.sizes.active, 1);
});

test("a deleted pod is not handed out, and waiting ends with the signal", async () => {
  const { queue } = newQueue();
  queue.add(pod("a"));
  queue.delete(pod("a"));
  const stop = new AbortController();
  const waiting = queue.pop(stop.signal);
  stop.abort(new Error("stop"));
  await assert.rejects(waiting, /stop/);
});
