/**
 * How close the shared store comes to the etcd below it, one member on loopback: creates by many writers against bare puts of the same bytes by the
 * same gRPC client; a consistent list of 5,000 objects, and consistent gets, against etcd's own. One run, one machine, ratios.
 */

import { openEtcdStore } from "@kubets/storage";
import { rawEtcd, startEtcd } from "@kubets/storage/testing";
import { flagsOf, jsonFlag } from "./lib/program.ts";

const about =
  "How close the shared store comes to the etcd below it: creates, gets and lists, as ratios to a bare client's.";
const flags = flagsOf("etcd.ts", about, { json: jsonFlag });

const writers = 64;
const objects = 5000;
const gets = 5000;
const lists = 5;
const filler = "x".repeat(2800);

const objectOf = (name: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      kind: "ConfigMap",
      apiVersion: "v1",
      metadata: { name, namespace: "default", uid: "0", creationTimestamp: "2026-01-01T00:00:00Z" },
      data: { filler },
    }),
  );

/** @returns how many a second */
async function rate(count: number, work: (i: number) => Promise<unknown>, parallel: number): Promise<number> {
  let next = 0;
  const startedAt = performance.now();
  const one = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: parallel }, one));
  return count / ((performance.now() - startedAt) / 1000);
}

const etcd = await startEtcd();
const results: object[] = [];
const row = (what: string, bare: number, store: number) =>
  results.push({
    what,
    "bare etcd/s": Number(bare.toFixed(1)),
    "store/s": Number(store.toFixed(1)),
    ratio: Number((store / bare).toFixed(2)),
  });
try {
  const raw = await rawEtcd(etcd.servers);
  const store = await openEtcdStore({ servers: etcd.servers });
  const rawKey = (i: number) => `/bare/configmaps/default/c${i}`;
  const key = (i: number) => `/registry/configmaps/default/c${i}`;
  await rate(500, (i) => raw.put(`/warm/${i}`, objectOf(`c${i}`)), writers);
  const bareCreates = await rate(objects, (i) => raw.put(rawKey(i), objectOf(`c${i}`)), writers);
  const creates = await rate(
    objects,
    (i) => store.commit({ key: key(i), expectedRevision: 0, value: () => ({ bytes: objectOf(`c${i}`) }) }),
    writers,
  );
  row(`creates, ${writers} writers`, bareCreates, creates);
  const bareGets = await rate(gets, (i) => raw.range(rawKey(i)), writers);
  row("consistent gets", bareGets, await rate(gets, (i) => store.get(key(i)), writers));
  const bareLists = await rate(lists, () => raw.range("/bare/configmaps/"), 1);
  row(`consistent lists of ${objects}`, bareLists, await rate(lists, () => store.list("/registry/configmaps/"), 1));
  await store.close();
  const reopenedAt = performance.now();
  await (await openEtcdStore({ servers: etcd.servers })).close();
  const reopenMs = Math.round(performance.now() - reopenedAt);
  raw.close();
  if (flags.json) console.log(JSON.stringify({ results, reopenMs }));
  else {
    console.table(results);
    console.log(`opening it with ${objects} objects: ${reopenMs} ms`);
  }
} finally {
  await etcd.stop();
}
