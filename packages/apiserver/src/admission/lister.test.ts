import assert from "node:assert/strict";
import { test } from "node:test";
import { type Namespace, namespaces, secrets } from "@kubets/api";
import { type Clock, realClock } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { Lister, Listers } from "./lister.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import { admitBy, requestOn } from "./testing.ts";

test("a lister has what there is, and what changes, until its signal aborts", async () => {
  const secret = (namespace: string, name: string) => ({ metadata: { namespace, name } });
  const reader = new FakeReader().put(secrets, secret("a", "one"));
  const listers = new Listers();
  const lister = listers.of(secrets);
  assert.equal(listers.of(secrets), lister);
  const stop = new AbortController();
  await listers.follow(reader, stop.signal);
  reader.put(secrets, secret("a", "two")).put(secrets, secret("b", "three"));
  assert.deepEqual([...lister.in("a").keys()], ["one", "two"]);
  assert.equal(lister.get("b", "three")?.metadata?.name, "three");
  reader.remove(secrets, "b", "three");
  assert.deepEqual([lister.in("b").size, lister.get("b", "three")], [0, undefined]);
  stop.abort();
  reader.put(secrets, secret("a", "late"));
  assert.equal(lister.in("a").size, 2);
});

test("NamespaceLifecycle asks the store when its lister may be behind", async () => {
  let now = 0;
  const clock: Clock = { ...realClock, now: () => now, monotonic: () => now, sleep: async () => {} };
  const active: Namespace = { metadata: { name: "ns" }, status: { phase: "Active" } };
  const reader = new FakeReader().put(namespaces, active);
  const lister = new Lister<Namespace>();
  const plugin = new NamespaceLifecycle(lister, reader, clock);
  const create = () =>
    admitBy(plugin, requestOn("configmaps", { object: { metadata: { namespace: "ns", name: "c" } } }));
  // Another server made it a moment ago.
  await create();
  lister.put(active);
  reader.put(namespaces, { ...active, status: { phase: "Terminating" } });
  // Another server deleted it a moment ago: upstream lets this pass too.
  await create();
  await admitBy(plugin, requestOn("namespaces", { operation: "DELETE", name: "ns", oldObject: active }));
  await assert.rejects(create(), /because it is being terminated/);
  now += 30_000;
  await create();
  reader.remove(namespaces, "", "ns");
  lister.remove(active);
  await assert.rejects(create(), /namespaces "ns" not found/);
});
