import assert from "node:assert/strict";
import { Socket } from "node:dgram";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { createForwarder } from "./forwarder.ts";

test("a query that is given up while it is being sent ends once, whatever the sending comes to", async (t) => {
  const sent = Promise.withResolvers<(error: Error) => void>();
  t.mock.method(Socket.prototype, "send", (...given: unknown[]) =>
    sent.resolve(given.at(-1) as (error: Error) => void),
  );
  const stop = new AbortController();
  const answer = createForwarder(["192.0.2.1"], realClock).forward(Buffer.alloc(12), false, stop.signal);
  const told = await sent.promise;
  stop.abort();
  assert.doesNotThrow(() => told(new Error("network is unreachable")));
  assert.equal(await answer, undefined);
});
