import assert from "node:assert/strict";
import { test } from "node:test";
import { send, testServer } from "../testing/server.ts";

const url = "/api/v1/namespaces/default/configmaps/a";
const headers = { "content-type": "application/apply-patch+yaml" };
const yaml = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n${data}`;

test("apply creates, merges, refuses conflicts and takes over by force", async () => {
  const server = testServer();
  const apply = (manager: string, data: string, query = "") =>
    send(server, "PATCH", `${url}?fieldManager=${manager}${query}`, yaml(data), { headers });
  const created = await apply("one", "  x: '1'\n");
  assert.equal(created.status, 201, created.text);
  const [entry] = created.json.metadata.managedFields;
  assert.deepEqual(
    { ...entry, time: "" },
    {
      manager: "one",
      operation: "Apply",
      apiVersion: "v1",
      time: "",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:data": { "f:x": {} } },
    },
  );
  const same = await apply("one", "  x: '1'\n");
  assert.equal(same.status, 200);
  assert.equal(same.json.metadata.resourceVersion, created.json.metadata.resourceVersion);
  const conflict = await apply("two", "  x: '2'\n");
  assert.equal(conflict.status, 409, conflict.text);
  assert.equal(conflict.json.message, 'Apply failed with 1 conflict: conflict with "one": .data.x');
  const forced = await apply("two", "  x: '2'\n", "&force=true");
  assert.deepEqual(forced.json.data, { x: "2" }, forced.text);
  const dropped = await apply("two", "  z: '3'\n");
  assert.deepEqual(dropped.json.data, { z: "3" });
  const nobody = await send(server, "PATCH", url, yaml("  x: '1'\n"), { headers });
  assert.equal(nobody.status, 422);
  assert.match(nobody.json.message, /fieldManager: Required value: is required for apply patch$/);
});

test("updates are tracked by the user agent, each subresource by itself", async () => {
  const server = testServer();
  const agent = { "user-agent": "kubectl/v1.36 (linux/amd64)" };
  const pods = "/api/v1/namespaces/default/pods";
  const pod = { metadata: { name: "p" }, spec: { nodeName: "n" } };
  await send(server, "POST", pods, pod, { headers: agent });
  const patch = { headers: { "content-type": "application/merge-patch+json", "user-agent": "kubelet/v1" } };
  const patched = await send(server, "PATCH", `${pods}/p/status`, { status: { phase: "Running" } }, patch);
  assert.deepEqual(
    patched.json.metadata.managedFields.map((entry: { manager: string; subresource?: string }) => [
      entry.manager,
      entry.subresource,
    ]),
    [
      ["kubectl", undefined],
      ["kubelet", "status"],
    ],
  );
});

test("what is applied is not of another namespace, or name, than the URL says", async () => {
  const server = testServer();
  const apply = (metadata: object) =>
    send(server, "PATCH", `${url}?fieldManager=m`, { apiVersion: "v1", kind: "ConfigMap", metadata }, { headers });
  const { status, json } = await apply({ name: "a", namespace: "other" });
  const why = "the namespace of the provided object does not match the namespace sent on the request";
  assert.deepEqual([status, json.message], [400, why]);
  assert.equal((await apply({ name: "b" })).status, 400);
  assert.equal((await apply({ name: "a", namespace: "default" })).status, 201);
});

test("many who apply a new object at once all succeed", async () => {
  const server = testServer();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      send(server, "PATCH", `${url}?fieldManager=m${i}`, yaml(`  k${i}: 'v'\n`), { headers }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(9).fill(200), 201]);
  assert.equal(Object.keys((await send(server, "GET", url)).json.data).length, 10);
});
