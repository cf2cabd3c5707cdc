import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeYaml } from "@kubets/apimachinery";
import { configMap, send, testServer } from "../testing/server.ts";
import { inSlices, joined, jsonPieces, type ListForm, prettyPieces, yamlPieces } from "./list-forms.ts";

const formOf = (items: readonly object[]): ListForm => ({
  head: { kind: "List", apiVersion: "v1", metadata: { resourceVersion: "1" } },
  field: "items",
  length: items.length,
  item: (index) => JSON.stringify(items[index]),
});

test("each form is what it would be of the whole", async () => {
  for (const items of [[], [{ a: "x\ny" }], [{ a: 1 }, { b: [] }]]) {
    const form = formOf(items);
    const whole = { ...form.head, items };
    assert.equal(joined(jsonPieces(form)).toString(), JSON.stringify(whole));
    assert.equal(joined(prettyPieces(form)).toString(), `${JSON.stringify(whole, null, 2)}\n`);
    assert.deepEqual((await decodeYaml(joined(yamlPieces(form)))).value, whole);
  }
});

test("others have their turn while a long list is made", async () => {
  const form: ListForm = { ...formOf([]), length: 300_000, item: (i) => `{"number":${i},"text":"${"x".repeat(40)}"}` };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const chunks = await Array.fromAsync(inSlices(prettyPieces(form)));
  clearInterval(timer);
  assert.ok(turns >= 3, `${turns} turns`);
  assert.ok(chunks.length > 100);
  assert.equal(JSON.parse(Buffer.concat(chunks).toString()).items.length, 300_000);
});

test("a long list in every form", async () => {
  const server = testServer();
  const path = "/api/v1/namespaces/default/configmaps";
  for (const name of ["a", "b", "c"]) await send(server, "POST", path, configMap(name, { text: "x".repeat(100_000) }));
  const plain = await send(server, "GET", path);
  const yaml = await send(server, "GET", path, undefined, { headers: { accept: "application/yaml" } });
  assert.deepEqual((await decodeYaml(yaml.text)).value, plain.json);
  assert.deepEqual((await send(server, "GET", `${path}?pretty=1`)).json, plain.json);
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const table = await send(server, "GET", `${path}?includeObject=Object`, undefined, { headers: { accept } });
  assert.equal(table.json.rows[2].object.data.text.length, 100_000);
});
