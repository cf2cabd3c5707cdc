import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap, pod, send, testServer } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";

test("pages are of one moment, whatever is written meanwhile", async () => {
  const server = testServer();
  for (let i = 0; i < 10; i++) await send(server, "POST", maps, configMap(`m${i}`));
  const first = (await send(server, "GET", `${maps}?limit=4`)).json;
  assert.equal(first.metadata.remainingItemCount, 6);
  await send(server, "DELETE", `${maps}/m7`);
  await send(server, "POST", maps, configMap("m55"));
  const names = first.items.map((item: { metadata: { name: string } }) => item.metadata.name);
  let token = first.metadata.continue;
  while (token) {
    const page = (await send(server, "GET", `${maps}?limit=4&continue=${token}`)).json;
    assert.equal(page.metadata.resourceVersion, first.metadata.resourceVersion);
    names.push(...page.items.map((item: { metadata: { name: string } }) => item.metadata.name));
    token = page.metadata.continue;
  }
  assert.deepEqual(names, ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"]);
});

test("a page whose moment was compacted away is 410 with a way on", async () => {
  const server = testServer();
  for (let i = 0; i < 6; i++) await send(server, "POST", maps, configMap(`m${i}`));
  const first = (await send(server, "GET", `${maps}?limit=2`)).json;
  await send(server, "POST", maps, configMap("m9"));
  await server.context.store.compact(server.context.store.revision);
  const late = await send(server, "GET", `${maps}?limit=2&continue=${first.metadata.continue}`);
  assert.deepEqual([late.status, late.json.reason], [410, "Expired"]);
  const rest = await send(server, "GET", `${maps}?continue=${late.json.metadata.continue}`);
  assert.equal(rest.json.items.length, 5);
});

test("selectors choose, and unknown fields are refused", async () => {
  const server = testServer();
  for (const [name, node] of [
    ["a", "n1"],
    ["b", "n2"],
    ["c", "n1"],
  ] as const) {
    await send(server, "POST", pods, pod(name, { nodeName: node }, { labels: { app: name } }));
  }
  const names = async (query: string) =>
    (await send(server, "GET", `/api/v1/pods?${query}`)).json.items.map(
      (p: { metadata: { name: string } }) => p.metadata.name,
    );
  assert.deepEqual(await names("fieldSelector=spec.nodeName%3Dn1"), ["a", "c"]);
  assert.deepEqual(await names("labelSelector=app+in+(a,b)"), ["a", "b"]);
  assert.deepEqual(await names("fieldSelector=metadata.name%3Db"), ["b"]);
  assert.deepEqual(await names("fieldSelector=spec.nodeName%3Dn1&limit=1"), ["a"]);
  const bad = await send(server, "GET", "/api/v1/pods?fieldSelector=spec.foo%3Db");
  assert.deepEqual([bad.status, bad.json.message], [400, "field label not supported: spec.foo"]);
});

test("a Table's rows hold no objects when none are asked for", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p"));
  const headers = { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" };
  const none = await send(server, "GET", `${pods}?includeObject=None`, undefined, { headers });
  assert.equal(none.json.rows[0].object, null, none.text);
  const odd = await send(server, "GET", `${pods}?includeObject=Odd`, undefined, { headers });
  assert.match(odd.json.message, /^Unable to convert to Table as requested: includeObject: Invalid value: "Odd":/);
});
