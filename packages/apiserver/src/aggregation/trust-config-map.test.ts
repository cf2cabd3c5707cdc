import assert from "node:assert/strict";
import { test } from "node:test";
import { notFound, VirtualClock } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";
import { keepTrust } from "./trust-config-map.ts";

test("what was deleted and cannot be made at once is made later: no event tells of it any more", async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const errors: unknown[] = [];
  let made = 0;
  const transport = {
    async request({ method }: { method: string }) {
      if (method === "GET") throw notFound({ group: "", resource: "configmaps" }, "x");
      if (errors.length < 2) throw new Error("not now");
      made++;
    },
    async *watch() {
      if (errors.length === 0) yield { type: "DELETED" };
      await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
    },
  } as unknown as InProcessTransport;
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const names = { usernameHeaders: [], uidHeaders: [], groupHeaders: [], extraHeaderPrefixes: [] };
  const keeping = keepTrust(
    transport,
    () => names,
    clock,
    (error) => errors.push(error),
    stop.signal,
  );
  await turns();
  assert.equal(errors.length, 1);
  await clock.advance(1000);
  await turns();
  assert.deepEqual([errors.length, made], [2, 0]);
  await clock.advance(1999);
  await turns();
  assert.equal(made, 0, "later each time");
  await clock.advance(1);
  await turns();
  assert.equal(made, 1);
  stop.abort();
  await keeping;
});
