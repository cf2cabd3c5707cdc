import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf } from "@kubets/api/protobuf";
import type { KubeObject } from "@kubets/apimachinery";
import { crdsPath, customServer, define, widget, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { configMap, requestOf, send } from "../testing/server.ts";

const only = { accept: "application/vnd.kubernetes.protobuf" };
const maps = "/api/v1/namespaces/default/configmaps";

async function get(server: ReturnType<typeof realServer>, url: string, headers: Record<string, string> = only) {
  const response = await server.handle(requestOf("GET", url, undefined, { headers }));
  const { body } = response;
  const slices = body.type === "slices" ? await Array.fromAsync(body.slices) : [];
  const bytes = body.type === "bytes" ? body.bytes : Buffer.concat(slices);
  return { ...response, type: response.headers["content-type"], bytes };
}

test("who takes only protobuf is given objects, lists and errors in it; who takes JSON too is given JSON", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a", { k: "v" }));
  const one = await get(server, `${maps}/a`);
  assert.deepEqual([one.status, one.type], [200, "application/vnd.kubernetes.protobuf"]);
  assert.deepEqual(decodeProtobuf(one.bytes)["data"], { k: "v" });
  const list = decodeProtobuf((await get(server, maps)).bytes);
  assert.equal(list["kind"], "ConfigMapList");
  assert.equal((list["items"] as unknown[]).length, 1);
  const missing = await get(server, `${maps}/b`);
  const status = decodeProtobuf(missing.bytes);
  assert.deepEqual([missing.status, status["kind"], status["reason"]], [404, "Status", "NotFound"]);
  const both = await get(server, `${maps}/a`, { accept: "application/vnd.kubernetes.protobuf,application/json" });
  assert.equal(both.type, "application/json");
});

test("a long list is the same as a short one", async () => {
  const server = realServer();
  for (const name of ["a", "b", "c"]) await send(server, "POST", maps, configMap(name, { k: name.repeat(100_000) }));
  const list = await get(server, maps);
  assert.equal(list.body.type, "slices");
  const { kind, metadata, items } = decodeProtobuf(list.bytes) as { kind: string; metadata: object; items: object[] };
  assert.deepEqual(
    { kind, metadata, items },
    (({ apiVersion: _, ...rest }) => rest)((await send(server, "GET", maps)).json),
  );
  const as = ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const partial = await get(server, maps, { accept: `${only.accept}${as}` });
  assert.equal(partial.body.type, "slices");
  const { json } = await send(server, "GET", maps, undefined, { headers: { accept: `application/json${as}` } });
  const decoded = decodeProtobuf(partial.bytes)["items"] as KubeObject[];
  assert.deepEqual(
    decoded.map((item) => item.metadata),
    (json.items as KubeObject[]).map((item) => item.metadata),
  );
});

test("a kind without such a form is not acceptable; of its objects the metadata is, and so is what discovery says", async (t) => {
  const server = await customServer(t);
  await define(server, widgets());
  assert.equal((await get(server, widgetsPath)).status, 406);
  await send(server, "POST", widgetsPath, widget("w", { metadata: { name: "w", labels: { a: "b" } } }));
  const metadata = (kind: string) => ({ accept: `${only.accept};as=${kind};g=meta.k8s.io;v=v1` });
  const one = decodeProtobuf((await get(server, `${widgetsPath}/w`, metadata("PartialObjectMetadata"))).bytes);
  assert.deepEqual(
    [one["kind"], (one["metadata"] as KubeObject["metadata"])?.labels],
    ["PartialObjectMetadata", { a: "b" }],
  );
  const list = decodeProtobuf((await get(server, widgetsPath, metadata("PartialObjectMetadataList"))).bytes);
  assert.equal((list["items"] as KubeObject[])[0]?.metadata?.name, "w");
  assert.equal((await get(server, widgetsPath, metadata("PartialObjectMetadata"))).status, 406);
  const resources = decodeProtobuf((await get(server, "/apis/example.com/v1")).bytes);
  assert.deepEqual([resources["kind"], resources["groupVersion"]], ["APIResourceList", "example.com/v1"]);
  assert.equal((await get(server, crdsPath)).status, 200);
});

test("a watch is a sequence of frames", async () => {
  const server = realServer();
  await send(server, "POST", maps, configMap("a"));
  const abort = new AbortController();
  const request = requestOf("GET", `${maps}?watch=true`, undefined, { headers: only, signal: abort.signal });
  const { body, headers } = await server.handle(request);
  assert.equal(headers["content-type"], "application/vnd.kubernetes.protobuf;stream=watch");
  assert.ok(body.type === "push");
  const frame = await new Promise<Buffer>((resolve) => {
    body.start({ write: (bytes) => resolve(Buffer.from(bytes)), end: () => {} }, abort.signal);
  });
  assert.equal(frame.readUInt32BE(0), frame.length - 4);
  const object = decodeProtobuf(frame.subarray(frame.indexOf("k8s\0")));
  assert.equal((object["metadata"] as { name: string }).name, "a");
  abort.abort();
});
