import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
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
