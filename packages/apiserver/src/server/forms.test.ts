import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer, define, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { configMap, send } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const as = (kind: string, version = "v1") => ({
  headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=${version}` },
});

test("who asks for another form is told of a deletion by its Status", async () => {
  const server = realServer();
  for (const form of ["Table", "PartialObjectMetadata"]) {
    await send(server, "POST", maps, configMap("a"));
    const { status, json } = await send(server, "DELETE", `${maps}/a`, undefined, as(form));
    assert.deepEqual([status, json.kind, json.status], [200, "Status", "Success"], form);
  }
});

test("a list is no object's metadata, nor an object a list's", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a"));
  const list = await send(server, "GET", maps, undefined, as("PartialObjectMetadata"));
  assert.equal(list.status, 406);
  assert.match(list.json.message, /the requested object is a list \(\*core\.ConfigMapList\)$/);
  const one = await send(server, "GET", `${maps}/a`, undefined, as("PartialObjectMetadataList"));
  assert.equal(one.status, 406);
  assert.match(one.json.message, /the requested object is not a list \(\*core\.ConfigMap\)$/);
});

test("rows have the version of their Table", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a"));
  const { json } = await send(server, "GET", maps, undefined, as("Table", "v1beta1"));
  assert.deepEqual([json.apiVersion, json.rows[0].object.apiVersion], ["meta.k8s.io/v1beta1", "meta.k8s.io/v1beta1"]);
});

test("a scale has a Table of its own, and metadata", async (t) => {
  const server = await customServer(t);
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  const properties = { spec: { type: "object", properties: { replicas: { type: "integer" } } } };
  await define(server, widgets({ properties }, { subresources: { scale } }));
  await send(server, "POST", widgetsPath, widget("w", { spec: { replicas: 3 } }));
  const { json } = await send(server, "GET", `${widgetsPath}/w/scale`, undefined, as("Table"));
  const names = json.columnDefinitions.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ["Name", "Desired", "Available", "Age"]);
  assert.deepEqual(json.rows[0].cells.slice(0, 3), ["w", 3, 0]);
  const partial = await send(server, "GET", `${widgetsPath}/w/scale`, undefined, as("PartialObjectMetadata"));
  assert.deepEqual([partial.json.kind, partial.json.metadata.name], ["PartialObjectMetadata", "w"]);
});
