/** `kill -9` at any instant loses no acknowledged write, and a watch goes on where it was. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ConfigMap, configMaps } from "@kubets/api";
import { isNotFound } from "@kubets/apimachinery";
import type { ResourceClient } from "@kubets/client";
import { cleanUp } from "../harness/clean-up.ts";
import { startCluster, type TestCluster } from "../harness/cluster.ts";
import { eventually } from "../harness/eventually.ts";
import { type SeededRandom, seededRandom } from "../harness/random.ts";

/** What one object was last known to hold: at least `acknowledged`, at most `attempted`. */
interface Ledger {
  readonly name: string;
  acknowledged: number;
  attempted: number;
  /** Of every acknowledged write, in order. */
  readonly revisions: number[];
}

const requestTimeoutMs = 5_000;

function holding(name: string, count: number): ConfigMap {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { count: String(count) } };
}

/** Creates objects and counts each up, one write after the other, until told to stop; a failed write is tried again. */
async function write(maps: ResourceClient<ConfigMap>, writer: number, ledgers: Ledger[], stop: AbortSignal) {
  for (let object = 0; !stop.aborted; object++) {
    const ledger: Ledger = { name: `w${writer}-${object}`, acknowledged: 0, attempted: 0, revisions: [] };
    ledgers.push(ledger);
    for (let count = 1; count <= 20 && !stop.aborted; count++) {
      ledger.attempted = count;
      while (!stop.aborted) {
        const signal = AbortSignal.timeout(requestTimeoutMs);
        try {
          const made = await writeOnce(maps, holding(ledger.name, count), signal);
          ledger.acknowledged = count;
          ledger.revisions.push(Number(made.metadata?.resourceVersion));
          break;
        } catch {
          await sleep(20); // The server is away, or the write's fate is unknown: the same again.
        }
      }
    }
  }
}

async function writeOnce(maps: ResourceClient<ConfigMap>, object: ConfigMap, signal: AbortSignal): Promise<ConfigMap> {
  try {
    return await maps.update(object, { signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return await maps.create(object, { signal });
  }
}

/** Follows the writers across every restart from the last revision seen, never by listing again. */
async function follow(maps: ResourceClient<ConfigMap>, from: string, seen: Set<number>, stop: AbortSignal) {
  let resourceVersion = from;
  while (!stop.aborted) {
    try {
      for await (const event of maps.watch({ resourceVersion, allowWatchBookmarks: true, signal: stop })) {
        if (event.type === "ERROR") throw new WatchLost(JSON.stringify(event.object));
        const revision = event.object.metadata?.resourceVersion ?? "";
        assert.ok(Number(revision) >= Number(resourceVersion), `${revision} came after ${resourceVersion}`);
        resourceVersion = revision;
        if (event.type !== "BOOKMARK") seen.add(Number(revision));
      }
    } catch (error) {
      if (error instanceof WatchLost || error instanceof assert.AssertionError) throw error;
      if (!stop.aborted) await sleep(20);
    }
  }
}

/** The server says that it no longer knows the revision to go on from. */
class WatchLost extends Error {}

/** Kills the control plane alone, and lets its supervisor start it; or all of it, and runs `up`. */
async function killAtSomeMoment(cluster: TestCluster, random: SeededRandom, round: number): Promise<void> {
  const before = await eventually(() => cluster.controlPlanePid(), { what: "a running control plane" });
  await answers(cluster);
  await sleep(random.below(700));
  if (round % 2 === 0) {
    process.kill(before, "SIGKILL");
    await eventually(() => cluster.controlPlanePid() !== before && cluster.controlPlanePid() !== undefined);
  } else {
    cluster.killEverything();
    const { code, stderr } = await cluster.kubets(["up"]);
    assert.equal(code, 0, stderr);
  }
}

async function answers({ client }: TestCluster): Promise<void> {
  const ready = () =>
    client.transport.requestText({ method: "GET", path: "/readyz", query: {}, signal: AbortSignal.timeout(1_000) });
  await eventually(async () => (await ready()) !== undefined, { what: "an API server that answers" });
}

async function assertNothingLost(maps: ResourceClient<ConfigMap>, ledgers: readonly Ledger[]): Promise<void> {
  const { items, metadata } = await maps.list();
  const found = new Map(items.map((item) => [item.metadata?.name, item]));
  for (const { name, acknowledged, attempted, revisions } of ledgers) {
    if (acknowledged === 0) continue;
    const item = found.get(name);
    assert.ok(item, `${name} was acknowledged and is gone`);
    const count = Number(item.data?.["count"]);
    assert.ok(count >= acknowledged && count <= attempted, `${name} holds ${count}; ${acknowledged} was acknowledged`);
    assert.ok(Number(item.metadata?.resourceVersion) >= (revisions.at(-1) ?? 0), `${name} went back`);
    assert.ok(Number(metadata?.resourceVersion) >= (revisions.at(-1) ?? 0), "the list is older than a write");
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
      `${name}'s revisions go back`,
    );
  }
}

test("nothing acknowledged is lost when the control plane is killed at random moments", {
  timeout: 300_000,
}, async (t: TestContext) => {
  const random = seededRandom(t);
  const cluster = await startCluster(t);
  const maps = cluster.client.resource(configMaps).namespace("default");
  const stop = new AbortController();
  cleanUp(t, () => stop.abort());
  const ledgers: Ledger[] = [];
  const seen = new Set<number>();
  const { metadata } = await maps.list();
  const following = follow(maps, metadata?.resourceVersion ?? "0", seen, stop.signal);
  following.catch(() => undefined); // Awaited at the end.
  const stopWriting = new AbortController();
  const writing = Promise.all([0, 1, 2, 3].map((writer) => write(maps, writer, ledgers, stopWriting.signal)));
  for (let round = 0; round < 8; round++) await killAtSomeMoment(cluster, random, round);
  await answers(cluster);
  stopWriting.abort();
  await writing;
  const writes = ledgers.flatMap((ledger) => ledger.revisions);
  t.diagnostic(`${writes.length} acknowledged writes of ${ledgers.length} objects, ${seen.size} watch events`);
  assert.ok(writes.length > 100, `only ${writes.length} writes came through`);

  await assertNothingLost(maps, ledgers);
  const missed = () => writes.filter((revision) => !seen.has(revision));
  await Promise.race([
    following,
    eventually(() => missed().length === 0, { what: "the watch seeing every write" }).catch(() =>
      assert.fail(`the watch missed ${missed().length} of ${writes.length} writes, among them ${missed().slice(0, 5)}`),
    ),
  ]);
  stop.abort();
  await following;

  // And after an orderly stop.
  assert.equal((await cluster.kubets(["down"])).code, 0);
  assert.equal((await cluster.kubets(["up"])).code, 0);
  await assertNothingLost(maps, ledgers);
});
