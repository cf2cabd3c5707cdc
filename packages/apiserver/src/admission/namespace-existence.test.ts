import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaces } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespace-existence.ts";
import { admitBy, following, pod, refuses, requestOn } from "./testing.ts";

test("namespaces that are missing: made, or refused", async () => {
  const reader = new FakeReader().put(namespaces, { metadata: { name: "ns" } });
  const lister = await following(reader, namespaces);
  const made: string[] = [];
  const provision = namespaceAutoProvision(lister, { ensureNamespace: async (name) => void made.push(name) });
  await admitBy(provision, requestOn("pods", { object: pod() }));
  await admitBy(provision, requestOn("pods", { object: pod({}, { namespace: "new" }) }));
  await admitBy(provision, requestOn("pods", { object: pod({}, { namespace: "dry" }), dryRun: true }));
  assert.deepEqual(made, ["new"]);
  const exists = namespaceExists(lister, reader);
  await admitBy(exists, requestOn("pods", { object: pod() }));
  await refuses(
    admitBy(exists, requestOn("pods", { operation: "DELETE", oldObject: pod({}, { namespace: "no" }) })),
    'namespaces "no" not found',
  );
});
