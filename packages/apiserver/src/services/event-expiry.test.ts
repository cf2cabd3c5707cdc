import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { defaultEventTtlMs } from "./event-expiry.ts";

test("an event goes an hour after it was last seen", async () => {
  const clock = new VirtualClock();
  const server = realServer({ clock });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  const url = "/api/v1/namespaces/default/events";
  const event = (name: string) => ({
    metadata: { name },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
  });
  await send(server, "POST", url, event("old"));
  await clock.advance(defaultEventTtlMs / 2);
  await send(server, "POST", url, event("new"));
  await clock.advance(defaultEventTtlMs / 2 + 600_000);
  const names = (await send(server, "GET", url)).json.items.map(
    ({ metadata }: { metadata: { name: string } }) => metadata.name,
  );
  assert.deepEqual(names, ["new"]);
  stop.abort();
  await running;
});

test("the time of day may be set, and an event may claim any: it goes an hour after it was written", async () => {
  const clock = new VirtualClock();
  const store = memoryStore();
  const url = "/api/v1/namespaces/default/events";
  const event = (name: string, more: object = {}) => ({
    metadata: { name },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    ...more,
  });
  const run = async () => {
    const server = realServer({ clock, store });
    const stop = new AbortController();
    const running = server.start(stop.signal);
    await server.ready;
    const names = async () =>
      (await send(server, "GET", url)).json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    const end = async () => {
      stop.abort();
      await running;
    };
    return { server, names, end };
  };
  const first = await run();
  await send(first.server, "POST", url, event("claims", { lastTimestamp: "2099-01-01T00:00:00Z" }));
  clock.set(30 * 24 * 60 * 60_000);
  await clock.advance(600_000);
  assert.deepEqual(await first.names(), ["claims"], "a month forward");
  clock.set(-60 * 24 * 60 * 60_000);
  await clock.advance(defaultEventTtlMs);
  assert.deepEqual(await first.names(), [], "two months back");
  await send(first.server, "POST", url, event("claims", { lastTimestamp: "2099-01-01T00:00:00Z" }));
  await first.end();
  const second = await run();
  await clock.advance(600_000);
  assert.deepEqual(await second.names(), ["claims"]);
  await clock.advance(defaultEventTtlMs);
  assert.deepEqual(await second.names(), [], "what was there before the server started");
  await second.end();
});
