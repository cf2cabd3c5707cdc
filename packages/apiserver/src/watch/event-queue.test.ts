import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry, StoreEvent } from "@kubets/storage";
import type { Registry } from "../registry/registry.ts";
import { EventQueue } from "./event-queue.ts";

function eventOf(revision: number, unreadable?: Error): StoreEvent {
  const entry = { key: `/x/${revision}`, modRevision: revision, ...(unreadable === undefined ? {} : { unreadable }) };
  return { type: "put", entry: entry as Entry, previous: undefined, revision };
}

test("what cannot be read is not converted, and is delivered in its turn with what can", async () => {
  const converting: string[][] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const registry = {
    isCustom: true,
    readable(entries: readonly Entry[]) {
      converting.push(entries.map(({ key }) => key));
      return converting.length === 1 ? promise : undefined;
    },
  } as Registry;
  const delivered: number[] = [];
  const queue = new EventQueue(registry, (events) => void delivered.push(...events.map(({ revision }) => revision)));
  const first = queue.add([eventOf(1), eventOf(2, new Error("another key"))]);
  const second = queue.add([eventOf(3)]);
  assert.deepEqual([converting, delivered, queue.waiting], [[["/x/1"], ["/x/3"]], [], true]);
  resolve();
  await Promise.all([first, second]);
  assert.deepEqual([delivered, queue.waiting], [[1, 2, 3], false]);
});
