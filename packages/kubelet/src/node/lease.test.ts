import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusError, silentLogger, VirtualClock } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { renewLease } from "./lease.ts";

test("that the API server is not reached is said once, until it is", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const said: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void said.push(message) };
  let isThere = false;
  const answer = async () => {
    if (!isThere) throw new StatusError(503, "ServiceUnavailable", "connection refused");
    return { metadata: { name: "n" } };
  };
  const api = { namespace: () => ({ get: answer, update: answer }) };
  const client = { resource: () => api } as unknown as Client;
  const node = () => undefined;
  const done = renewLease({ client, clock, logger, nodeName: "n", durationSeconds: 40, node }, stop.signal);
  await clock.advance(30_000);
  assert.deepEqual(said, ["node lease not renewed"]);
  isThere = true;
  await clock.advance(30_000);
  isThere = false;
  await clock.advance(30_000);
  assert.equal(said.length, 2);
  stop.abort();
  await done;
});
