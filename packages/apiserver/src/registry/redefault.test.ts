import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "@kubets/storage";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

const bare = {
  kind: "Deployment",
  apiVersion: "apps/v1",
  metadata: { name: "d", namespace: "default", uid: "u" },
  spec: {
    selector: { matchLabels: { a: "b" } },
    template: { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } },
  },
};

test("what another wrote gets its defaults when it is read; what this server wrote is left as it is", async () => {
  const store = memoryStore();
  const value = () => Buffer.from(JSON.stringify({ ...bare, metadata: { ...bare.metadata, resourceVersion: "1" } }));
  const { modRevision } = await store.commit({
    key: "/registry/deployments/default/d",
    expectedRevision: 0,
    value: () => ({ bytes: value() }),
  });
  const url = "/apis/apps/v1/namespaces/default/deployments/d";
  const asWritten = await send(realServer({ store }), "GET", url);
  assert.equal(asWritten.json.spec.replicas, undefined);
  const filled = await send(realServer({ store, redefaultThrough: modRevision }), "GET", url);
  assert.equal(filled.json.spec.replicas, 1);
  assert.equal(filled.json.spec.template.spec.restartPolicy, "Always");
  assert.equal(filled.json.metadata.resourceVersion, asWritten.json.metadata.resourceVersion);
});
