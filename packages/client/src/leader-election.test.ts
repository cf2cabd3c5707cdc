import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import { type LeaderElectionOptions, LeadershipLostError, runLeaderElected } from "./leader-election.ts";
import { MemoryApi } from "./testing/memory-api.ts";
import { createClient } from "./typed-client.ts";

const leases: Resource = {
  group: "coordination.k8s.io",
  version: "v1",
  plural: "leases",
  kind: "Lease",
  namespaced: true,
};

/** @param renewDeadlineMs longer than a busy machine may let us wait, where the lease is to be kept */
function optionsFor(api: MemoryApi, identity: string, renewDeadlineMs = 20_000): LeaderElectionOptions {
  const client = createClient(api);
  const times = { leaseDurationMs: 30_000, renewDeadlineMs, retryPeriodMs: 10 };
  return { client, name: "boss", namespace: "kube-system", identity, ...times };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

test("one leads, the other takes over when the lease is released", async () => {
  const api = new MemoryApi([leases]);
  const stops = [new AbortController(), new AbortController()] as const;
  const order: string[] = [];
  const began = Promise.withResolvers<void>();
  const lead = (identity: string, stop: AbortController) =>
    runLeaderElected(
      optionsFor(api, identity),
      async (signal) => {
        order.push(identity);
        began.resolve();
        await untilAborted(signal);
      },
      stop.signal,
    );
  const first = lead("a", stops[0]);
  await began.promise;
  const second = lead("b", stops[1]);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(order, ["a"]);
  stops[0].abort();
  await first;
  while (order.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const lease = await createClient(api).resource(leases).namespace("kube-system").get("boss");
  assert.equal((lease as { spec?: { leaseTransitions?: number } }).spec?.leaseTransitions, 2 - 1);
  stops[1].abort();
  await second;
});

test("a leader that cannot renew stops its work and says so", async () => {
  const api = new MemoryApi([leases]);
  let aborted = false;
  const running = runLeaderElected(
    optionsFor(api, "a", 60),
    async (signal) => {
      api.intercept = () => {
        throw new StatusError(503, "ServiceUnavailable", "down");
      };
      await untilAborted(signal);
      aborted = true;
    },
    new AbortController().signal,
  );
  await assert.rejects(running, LeadershipLostError);
  assert.ok(aborted);
});
