/**
 * The scheduling queue: `active` (to be tried now, by priority, then age), `backoff` (to be tried when their time comes) and
 * `unschedulable` (to be tried when something happens that may help). Source: scheduler/backend/queue/scheduling_queue.go.
 */

import type { Pod } from "@kubets/api";
import { type Clock, keyOf, type Timer } from "@kubets/apimachinery";
import type { ClusterEvent, Plugin } from "./framework/plugin.ts";

export const initialBackoffMs = 1_000;
export const maxBackoffMs = 10_000;
/** A pod nothing has helped for this long is tried again all the same. */
export const maxUnschedulableMs = 5 * 60_000;

export interface QueuedPod {
  pod: Pod;
  /** When it (re)entered the queue; orders pods of one priority. */
  timestamp: number;
  attempts: number;
  /** The plugins that turned it down last time: only events that these find helpful bring it back. */
  rejectedBy: ReadonlySet<Plugin>;
}

/** Pods that wait for a node: ready to be tried, backing off, or put aside until something happens that may help them. */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #gates: readonly Plugin[];
  readonly #active = new Map<string, QueuedPod>();
  readonly #heap: QueuedPod[] = [];
  readonly #backoff = new Map<string, { queued: QueuedPod; timer: Timer }>();
  readonly #unschedulable = new Map<string, { queued: QueuedPod; timer: Timer }>();
  /** Pods being scheduled, with what happened meanwhile: it may be what they lacked. */
  readonly #inFlight = new Map<string, ClusterEvent[]>();
  #wake: (() => void) | undefined;

  constructor(clock: Clock, gates: readonly Plugin[] = []) {
    this.#clock = clock;
    this.#gates = gates;
  }

  /** Pods waiting in each part. */
  get sizes(): { active: number; backoff: number; unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size };
  }

  add(pod: Pod): void {
    this.#enqueue({ pod, timestamp: this.#clock.now(), attempts: 0, rejectedBy: new Set() });
  }

  /** The pod changed while it waits (or is being scheduled). */
  update(old: Pod, pod: Pod): void {
    const key = keyOf(pod);
    const event: ClusterEvent = { kind: "PodUpdate", pod, old };
    const active = this.#active.get(key);
    if (active !== undefined) return this.#replaceActive(active, pod);
    const backoff = this.#backoff.get(key);
    if (backoff !== undefined) {
      backoff.queued.pod = pod;
      return;
    }
    const waiting = this.#unschedulable.get(key);
    if (waiting !== undefined) {
      waiting.queued.pod = pod;
      if (this.#helps(event, waiting.queued)) this.#moveOn(key, waiting.queued);
      return;
    }
    const events = this.#inFlight.get(key);
    if (events !== undefined) events.push(event);
    else this.add(pod);
  }

  delete(pod: Pod): void {
    const key = keyOf(pod);
    this.#backoff.get(key)?.timer.cancel();
    this.#unschedulable.get(key)?.timer.cancel();
    this.#backoff.delete(key);
    this.#unschedulable.delete(key);
    this.#active.delete(key); // Its place in the heap is passed over when it is popped.
  }

  /** The next pod; waits for one. `done` or `requeue` must follow. */
  async pop(signal: AbortSignal): Promise<QueuedPod> {
    for (;;) {
      signal.throwIfAborted();
      const queued = this.#popHeap();
      if (queued !== undefined) {
        const key = keyOf(queued.pod);
        this.#active.delete(key);
        queued.attempts++;
        this.#inFlight.set(key, []);
        return queued;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener("abort", wake);
          this.#wake = undefined;
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  /** The pod was scheduled, or is gone. */
  done(pod: Pod): void {
    this.#inFlight.delete(keyOf(pod));
  }

  /** The pod could not be scheduled: it waits for an event that helps, or just its back-off when something failed or already happened. */
  requeue(queued: QueuedPod, latest: Pod, rejectedBy: ReadonlySet<Plugin>): void {
    const key = keyOf(latest);
    const events = this.#inFlight.get(key) ?? [];
    this.#inFlight.delete(key);
    queued.pod = latest;
    queued.rejectedBy = rejectedBy;
    queued.timestamp = this.#clock.now();
    if (this.#active.has(key) || this.#backoff.has(key) || this.#unschedulable.has(key)) return;
    if (rejectedBy.size === 0 || events.some((event) => this.#helps(event, queued))) this.#moveOn(key, queued);
    else this.#park(key, queued);
  }

  /** Something happened: brings back the pods that it may help. */
  onEvent(event: ClusterEvent): void {
    for (const events of this.#inFlight.values()) events.push(event);
    for (const [key, { queued }] of this.#unschedulable) if (this.#helps(event, queued)) this.#moveOn(key, queued);
  }

  close(): void {
    for (const { timer } of [...this.#backoff.values(), ...this.#unschedulable.values()]) timer.cancel();
    this.#backoff.clear();
    this.#unschedulable.clear();
    this.#active.clear();
    this.#heap.length = 0;
  }

  #helps(event: ClusterEvent, { pod, rejectedBy }: QueuedPod): boolean {
    if (event.kind === "PodUpdate" && keyOf(event.pod) !== keyOf(pod)) return false;
    for (const plugin of rejectedBy) if (plugin.isHelpfulEvent?.(event, pod) ?? true) return true;
    return false;
  }

  #enqueue(queued: QueuedPod): void {
    const key = keyOf(queued.pod);
    if (this.#active.has(key)) return;
    const gate = this.#gates.find((plugin) => plugin.preEnqueue?.(queued.pod) !== undefined);
    if (gate !== undefined) {
      queued.rejectedBy = new Set([gate]);
      return this.#park(key, queued);
    }
    this.#active.set(key, queued);
    this.#pushHeap(queued);
    this.#wake?.();
  }

  #park(key: string, queued: QueuedPod): void {
    const timer = this.#clock.setTimeout(() => this.#moveOn(key, queued), maxUnschedulableMs, { unref: true });
    this.#unschedulable.set(key, { queued, timer });
  }

  /** Out of `unschedulable`: to `active`, or first to `backoff` if its back-off is not over. */
  #moveOn(key: string, queued: QueuedPod): void {
    this.#unschedulable.get(key)?.timer.cancel();
    this.#unschedulable.delete(key);
    const waitMs = queued.timestamp + backoffMs(queued.attempts) - this.#clock.now();
    if (waitMs <= 0) return this.#enqueue(queued);
    const timer = this.#clock.setTimeout(() => {
      this.#backoff.delete(key);
      this.#enqueue(queued);
    }, waitMs);
    this.#backoff.set(key, { queued, timer });
  }

  #replaceActive(queued: QueuedPod, pod: Pod): void {
    const samePlace = (queued.pod.spec?.priority ?? 0) === (pod.spec?.priority ?? 0);
    if (samePlace) {
      queued.pod = pod;
      return;
    }
    const moved = { ...queued, pod };
    this.#active.set(keyOf(pod), moved);
    this.#pushHeap(moved);
  }

  #pushHeap(queued: QueuedPod): void {
    const heap = this.#heap;
    let i = heap.push(queued) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i] as QueuedPod, heap[parent] as QueuedPod)) break;
      [heap[i], heap[parent]] = [heap[parent] as QueuedPod, heap[i] as QueuedPod];
      i = parent;
    }
  }

  /** The first that is still wanted: entries that were deleted or moved are dropped on the way. */
  #popHeap(): QueuedPod | undefined {
    const heap = this.#heap;
    for (;;) {
      const top = heap[0];
      if (top === undefined) return undefined;
      const last = heap.pop() as QueuedPod;
      if (heap.length > 0) {
        heap[0] = last;
        this.#siftDown();
      }
      if (this.#active.get(keyOf(top.pod)) === top) return top;
    }
  }

  #siftDown(): void {
    const heap = this.#heap;
    for (let i = 0; ; ) {
      let first = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(heap[child] as QueuedPod, heap[first] as QueuedPod)) first = child;
      if (first === i) return;
      [heap[i], heap[first]] = [heap[first] as QueuedPod, heap[i] as QueuedPod];
      i = first;
    }
  }
}

/** PrioritySort: higher priority first, then the one that waits longer. */
function before(a: QueuedPod, b: QueuedPod): boolean {
  const pa = a.pod.spec?.priority ?? 0;
  const pb = b.pod.spec?.priority ?? 0;
  return pa > pb || (pa === pb && a.timestamp < b.timestamp);
}

/** 1 s, doubled with every attempt after the first, at most 10 s. */
export function backoffMs(attempts: number): number {
  return attempts === 0 ? 0 : Math.min(initialBackoffMs * 2 ** (attempts - 1), maxBackoffMs);
}
