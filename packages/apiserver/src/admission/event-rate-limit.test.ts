import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock, type StatusError } from "@kubets/apimachinery";
import { eventRateLimit } from "./event-rate-limit.ts";
import { admitBy, requestOn } from "./testing.ts";

test("EventRateLimit: tokens come back with time, for each namespace its own", async () => {
  let now = 0;
  const plugin = eventRateLimit([{ type: "Namespace", qps: 1, burst: 2 }], { ...realClock, monotonic: () => now });
  const event = (namespace: string) =>
    admitBy(plugin, requestOn("events", { object: { metadata: { namespace, name: "e" } } }));
  await event("a");
  await event("a");
  await assert.rejects(event("a"), (error: StatusError) => {
    assert.equal(error.message, "Too many requests: limit reached on type Namespace for key a");
    return error.status.code === 429;
  });
  await event("b");
  now += 1000;
  await event("a");
});
