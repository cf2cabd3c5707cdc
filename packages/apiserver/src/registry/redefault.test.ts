import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { deployments, findDefinition } from "@kubets/api";
import {
  type Entry,
  memoryStore,
  openSqliteStore,
  type Store,
  type StoreEvent,
  type WatchOptions,
} from "@kubets/storage";
import { StoreReader } from "../reader/object-reader.ts";
import { realServer } from "../testing/real-server.ts";
import { send, watch } from "../testing/server.ts";

const bare = {
  kind: "Deployment",
  apiVersion: "apps/v1",
  metadata: { name: "d", namespace: "default", uid: "u" },
  spec: {
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

test("what an older version wrote gets its defaults when it is read; what this server wrote is left as it is", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-store-"));
  const open = (defaultsVersion: number) => openSqliteStore({ path: join(directory, "s.db"), defaultsVersion });
  let store = await open(1);
  t.after(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });
  const write = (name: string) =>
    store.commit({
      key: `/registry/deployments/default/${name}`,
      expectedRevision: 0,
      value: (revision) => {
        const metadata = { ...bare.metadata, name, resourceVersion: String(revision) };
        return { bytes: Buffer.from(JSON.stringify({ ...bare, metadata })) };
      },
    });
  const path = "/apis/apps/v1/namespaces/default/deployments";
  await write("old");
  const asWritten = await send(realServer({ store }), "GET", `${path}/old`);
  assert.equal(asWritten.json.spec.replicas, undefined);
  await store.close();
  store = await open(2);
  await write("new");
  const server = realServer({ store });
  const filled = await send(server, "GET", `${path}/old`);
  assert.equal(filled.json.spec.replicas, 1);
  assert.equal(filled.json.spec.template.spec.restartPolicy, "Always");
  assert.equal(filled.json.metadata.resourceVersion, asWritten.json.metadata.resourceVersion);
  const { items } = (await send(server, "GET", path)).json;
  const replicas = items.map((each: { spec: { replicas?: number } }) => each.spec.replicas);
  assert.deepEqual(replicas, [undefined, 1]);
});

test("what the store says another program wrote gets its defaults, in reads, watches and updates", async (t) => {
  const own = memoryStore();
  const foreign = (entry: Entry): Entry => ({ ...entry, foreign: true });
  const events = (of: readonly StoreEvent[]) => of.map((event) => ({ ...event, entry: foreign(event.entry) }));
  const store = new Proxy(own, {
    get(target, name) {
      if (name === "get") return async (...given: Parameters<Store["get"]>) => mapped(await target.get(...given));
      if (name === "watch") {
        return (prefix: string, options: WatchOptions) =>
          target.watch(prefix, { ...options, onEvents: (of) => options.onEvents(events(of)) });
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const mapped = (entry: Entry | undefined) => (entry === undefined ? undefined : foreign(entry));
  const server = realServer({ store });
  const path = "/apis/apps/v1/namespaces/default/deployments";
  const watching = await watch(server, `${path}?watch=true`);
  t.after(watching.stop);
  const value = Buffer.from(JSON.stringify({ ...bare, metadata: { ...bare.metadata, resourceVersion: "1" } }));
  await own.commit({ key: "/registry/deployments/default/d", expectedRevision: 0, value: () => ({ bytes: value }) });
  assert.equal((await watching.until(1))[0].object.spec.replicas, 1);
  const merge = { headers: { "content-type": "application/merge-patch+json" } };
  const patched = await send(server, "PATCH", `${path}/d`, { metadata: { labels: { x: "y" } } }, merge);
  assert.equal(patched.json.spec.progressDeadlineSeconds, 600, patched.text);
  const reader = new StoreReader(store, ({ group, version, plural }) => findDefinition(group, version, plural)!);
  const deployment = await reader.get(deployments, "default", "d");
  assert.equal(deployment?.spec?.template.spec?.dnsPolicy, "ClusterFirst");
});
