import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exchange } from "./exchange.ts";
import { WatchBacklog } from "./watch-backlog.ts";

const megabyte = 1024 * 1024;

class Connection {
  waiting = 0;
  destroyed = false;
  destroy(): void {
    this.destroyed = true;
  }
}

function write(backlog: WatchBacklog, to: Connection, bytes: number): void {
  if (to.destroyed) return;
  to.waiting += bytes;
  backlog.wrote(bytes, to as unknown as Exchange);
}

test("a watcher is cut off that has 64 MiB to read", () => {
  const backlog = new WatchBacklog();
  const slow = new Connection();
  write(backlog, slow, 64 * megabyte);
  assert.ok(!slow.destroyed);
  write(backlog, slow, 1);
  assert.ok(slow.destroyed);
});

test("of many slow watchers those furthest behind are cut off, and no one who reads", () => {
  const backlog = new WatchBacklog();
  const slow = Array.from({ length: 200 }, () => new Connection());
  const reading = Array.from({ length: 50 }, () => new Connection());
  for (let round = 0; round < 30; round++) {
    for (const [i, each] of slow.entries()) write(backlog, each, megabyte * (i < 20 ? 1.5 : 0.5));
    for (const each of reading) {
      write(backlog, each, 2 * megabyte);
      each.waiting = 0;
    }
    const held = slow.reduce((sum, { destroyed, waiting }) => sum + (destroyed ? 0 : waiting), 0);
    assert.ok(held <= 513 * megabyte + 200 * megabyte, `${held / megabyte} MiB are held in round ${round}`);
  }
  assert.ok(reading.every(({ destroyed }) => !destroyed));
  assert.ok(slow.slice(0, 20).every(({ destroyed }) => destroyed));
  assert.ok(slow.some(({ destroyed }) => !destroyed));
});

test("who has caught up is no longer behind", () => {
  const backlog = new WatchBacklog();
  const watchers = Array.from({ length: 100 }, () => new Connection());
  for (let round = 0; round < 50; round++) {
    for (const each of watchers) write(backlog, each, 4 * megabyte);
    for (const each of watchers) each.waiting = 0;
  }
  assert.ok(watchers.every(({ destroyed }) => !destroyed));
});
