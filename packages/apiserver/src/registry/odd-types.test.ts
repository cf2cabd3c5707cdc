/** Values where there should be others, the oddest of them an object that no template can write. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer } from "../testing/custom-resources.ts";
import { configMap, send } from "../testing/server.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";
const odd = '{"toString":1}';
const yaml = { headers: { "content-type": "application/apply-patch+yaml" } };
const ofType = (type: string) => ({ headers: { "content-type": `application/${type}` } });

test("what a body says of itself in no text is refused, and never the server's fault", async (t) => {
  const server = await customServer(t);
  await send(server, "POST", configMaps, configMap("c"));
  const answers: (readonly [number, string])[] = [];
  const ask = async (method: string, url: string, body?: string, options = ofType("json")) => {
    const { status, json } = await send(server, method, url, body, options);
    answers.push([status, json.message]);
  };
  const apply = (body: string) => ask("PATCH", `${configMaps}/c?fieldManager=m`, body, yaml);
  await apply("apiVersion: 5\nkind: ConfigMap");
  await apply(`apiVersion: v1\nkind: ${odd}`);
  await apply("apiVersion: v1\nkind: ConfigMap\nmetadata: 5");
  await apply(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${odd}}`);
  await ask("DELETE", `${configMaps}/c?dryRun=All`, `{"kind":${odd},"dryRun":["All"]}`);
  const token = Buffer.from(`{"v":${odd},"rv":1,"start":"a"}`).toString("base64url");
  await ask("GET", `${configMaps}?limit=1&continue=${token}`);
  await ask("POST", configMaps, `{"metadata":{"name":${odd}}}`);
  const untypable = "failed to create typed patch object (/; /v1, Kind=ConfigMap)";
  const notText = "couldn't get version/kind; json parse error: json: cannot unmarshal object into Go struct field";
  assert.deepEqual(answers, [
    [400, "invalid object type: /, Kind=ConfigMap"],
    [400, "invalid object type: /v1, Kind="],
    [500, `${untypable}: .metadata: expected map, got &{5}`],
    [
      500,
      `${untypable}: .metadata.name: expected string, got &value.valueUnstructured{Value:map[string]interface {}${odd}}`,
    ],
    [400, `${notText} .kind of type string`],
    [400, `invalid continue token: continue key is not valid: server does not recognize this encoded version ${odd}`],
    [
      400,
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal object into Go struct field ObjectMeta.metadata.name of type string',
    ],
  ]);
  const nothing = await send(
    server,
    "PATCH",
    `${configMaps}/c?fieldManager=m`,
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: null, managedFields: null}",
    yaml,
  );
  assert.equal(nothing.status, 200, nothing.text);
});

test("a scale is of the object in the URL", async (t) => {
  const server = await customServer(t);
  const path = "/apis/apps/v1/namespaces/default/deployments";
  const labels = { a: "b" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
  await send(server, "POST", path, { metadata: { name: "d" }, spec: { selector: { matchLabels: labels }, template } });
  const renamed = await send(
    server,
    "PATCH",
    `${path}/d/scale`,
    '{"metadata":{"name":"e"}}',
    ofType("merge-patch+json"),
  );
  const moved = await send(server, "PUT", `${path}/d/scale`, { metadata: { name: "d", namespace: "other" } });
  assert.deepEqual(
    [renamed, moved].map(({ status, json }) => [status, json.message]),
    [
      [400, "the name of the object (e) does not match the name on the URL (d)"],
      [400, "the namespace of the provided object does not match the namespace sent on the request"],
    ],
  );
});

test("a binding says the node's name in text, and a delete a period that Go's integers hold", async (t) => {
  const server = await customServer(t);
  const pods = "/api/v1/namespaces/default/pods";
  const spec = { containers: [{ name: "c", image: "i" }] };
  await send(server, "POST", pods, { metadata: { name: "p" }, spec });
  const bind = (body: object) => send(server, "POST", `${pods}/p/binding`, body);
  for (const [body, field] of [
    [{ target: { name: 5 } }, "number into Go struct field ObjectReference.target.name of type string"],
    [
      { metadata: { annotations: { a: 1 } }, target: { name: "n" } },
      "number into Go struct field ObjectMeta.metadata.annotations of type string",
    ],
  ] as const) {
    const { status, json } = await bind(body);
    const why = `Binding in version "v1" cannot be handled as a Binding: json: cannot unmarshal ${field}`;
    assert.deepEqual([status, json.message], [400, why]);
  }
  assert.equal((await bind({ target: { name: "n" } })).status, 201);
  const longest = '{"gracePeriodSeconds":9223372036854775807}';
  const { json } = await send(server, "DELETE", `${pods}/p`, longest, ofType("json"));
  assert.equal(json.metadata.deletionGracePeriodSeconds, Number.MAX_SAFE_INTEGER);
});
