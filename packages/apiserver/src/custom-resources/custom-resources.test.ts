import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import {
  causesOf,
  crdsPath,
  customServer,
  define,
  mergePatch,
  specOf,
  widget,
  widgets,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { send, watch } from "../testing/server.ts";

const text = { type: "string" };
type Condition = { type: string; status: string; reason: string; message: string };

async function conditionsOf(server: Parameters<typeof send>[0], name: string): Promise<string[]> {
  const { json } = await send(server, "GET", `${crdsPath}/${name}`);
  return json.status.conditions.map(
    ({ type, status, reason, message }: Condition) => `${type}=${status} ${reason}: ${message}`,
  );
}

test("a definition that cannot be read does not keep the others from being served", async (t) => {
  const store = memoryStore();
  const broken = (name: string) => {
    const value = () => ({ bytes: Buffer.from("no JSON at all") });
    const key = `/registry/apiextensions.k8s.io/customresourcedefinitions/${name}.example.com`;
    return store.commit({ key, expectedRevision: 0, value });
  };
  await broken("a");
  const server = await customServer(t, { store });
  await broken("b");
  assert.equal((await define(server, widgets())).status, 201);
  assert.equal((await send(server, "GET", widgetsPath)).status, 200);
});

test("a definition is established and served while the clock stands still, and found by discovery", async (t) => {
  const server = await customServer(t, { clock: new VirtualClock() });
  await send(server, "POST", crdsPath, widgets());
  await server.customResources.idle();
  assert.deepEqual(await conditionsOf(server, "widgets.example.com"), [
    "NamesAccepted=True NoConflicts: no conflicts found",
    "Established=True InitialNamesAccepted: the initial names have been accepted",
  ]);
  const { json } = await send(server, "GET", "/apis/example.com/v1");
  assert.deepEqual(json.resources[0].name, "widgets");
});

test("names that another has are not accepted until they are free", async (t) => {
  const server = await customServer(t);
  await define(server, widgets({}, {}, { names: { plural: "widgets", kind: "Widget", shortNames: ["w"] } }));
  const other = {
    ...widgets({}, {}, { names: { plural: "others", kind: "Widget", shortNames: ["w"] } }),
    metadata: { name: "others.example.com" },
  };
  await define(server, other);
  assert.deepEqual(await conditionsOf(server, "others.example.com"), [
    'NamesAccepted=False ListKindConflict: "WidgetList" is already in use',
    "Established=False NotAccepted: not all names are accepted",
  ]);
  assert.equal((await send(server, "GET", "/apis/example.com/v1/others")).status, 404);
  await send(server, "DELETE", `${crdsPath}/widgets.example.com`);
  await gone(server, "widgets.example.com");
  await server.customResources.idle();
  assert.match((await conditionsOf(server, "others.example.com"))[0]!, /NamesAccepted=True/);
  assert.equal((await send(server, "GET", "/apis/example.com/v1/others")).status, 200);
});

async function gone(server: Parameters<typeof send>[0], name: string): Promise<void> {
  for (;;) {
    if ((await send(server, "GET", `${crdsPath}/${name}`)).status === 404) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a definition waits for its last object, and takes no new ones", async (t) => {
  const server = await customServer(t);
  await define(server, widgets());
  const held = { ...widget("held"), metadata: { name: "held", finalizers: ["example.com/keep"] } };
  await send(server, "POST", widgetsPath, held);
  await send(server, "POST", widgetsPath, widget("free"));
  const deleted = await send(server, "DELETE", `${crdsPath}/widgets.example.com`);
  assert.deepEqual(deleted.json.metadata.finalizers, ["customresourcecleanup.apiextensions.k8s.io"]);
  while ((await send(server, "GET", `${widgetsPath}/free`)).status !== 404)
    await new Promise((resolve) => setImmediate(resolve));
  assert.match((await conditionsOf(server, "widgets.example.com"))[2]!, /Terminating=True InstanceDeletionInProgress/);
  const { resources } = (await send(server, "GET", "/apis/example.com/v1")).json;
  assert.deepEqual(resources[0].verbs, ["delete", "deletecollection", "get", "list", "watch"]);
  const refused = await send(server, "POST", widgetsPath, widget("new"));
  assert.equal(refused.status, 403);
  assert.match(refused.json.message, /create not allowed while custom resource definition is terminating/);
  await send(server, "PATCH", `${widgetsPath}/held`, { metadata: { finalizers: null } }, mergePatch);
  await gone(server, "widgets.example.com");
  assert.equal((await send(server, "GET", widgetsPath)).status, 404);
});

test("a server that starts serves what there is, and watches end when a schema changes", async (t) => {
  const store = memoryStore();
  const first = await customServer(t, { store });
  await define(first, widgets(specOf({ a: text })));
  await send(first, "POST", widgetsPath, widget("w", { spec: { a: "x" } }));
  const second = await customServer(t, { store });
  assert.equal((await send(second, "GET", `${widgetsPath}/w`)).json.spec.a, "x");
  const watching = await watch(second, `${widgetsPath}?watch=1`);
  await watching.until(1);
  await send(first, "PATCH", `${crdsPath}/widgets.example.com`, { metadata: { labels: { a: "b" } } }, mergePatch);
  assert.equal(watching.ended(), false);
  const crd = (await send(first, "GET", `${crdsPath}/widgets.example.com`)).json;
  crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.b = text;
  await send(first, "PUT", `${crdsPath}/widgets.example.com`, crd);
  assert.equal(watching.ended(), true);
});

test("a scale is of what the definition's paths lead to", async (t) => {
  const server = await customServer(t);
  const properties = {
    spec: { type: "object", properties: { size: { type: "integer" } } },
    status: { type: "object", properties: { size: { type: "integer" }, labels: text } },
  };
  const scale = {
    specReplicasPath: ".spec.size",
    statusReplicasPath: ".status.size",
    labelSelectorPath: ".status.labels",
  };
  await define(server, widgets({ properties }, { subresources: { status: {}, scale } }));
  await send(server, "POST", widgetsPath, widget("w"));
  const url = `${widgetsPath}/w/scale`;
  const none = await send(server, "GET", url);
  assert.equal(none.json.message, 'Internal error occurred: the spec replicas field ".spec.size" does not exist');
  await send(server, "PATCH", url, { spec: { replicas: 4 } }, mergePatch);
  await send(server, "PATCH", `${widgetsPath}/w/status`, { status: { size: 2, labels: "a=b" } }, mergePatch);
  const { json } = await send(server, "GET", url);
  assert.deepEqual([json.spec, json.status], [{ replicas: 4 }, { replicas: 2, selector: "a=b" }]);
  const negative = await send(server, "PATCH", url, { spec: { replicas: -1 } }, mergePatch);
  assert.equal(negative.status, 422);
});

test("selectable fields select lists and watches; others are refused", async (t) => {
  const server = await customServer(t);
  await define(server, widgets(specOf({ color: text }), { selectableFields: [{ jsonPath: ".spec.color" }] }));
  for (const [name, color] of [
    ["a", "red"],
    ["b", "blue"],
  ] as const) {
    await send(server, "POST", widgetsPath, widget(name, { spec: { color } }));
  }
  const red = await send(server, "GET", `${widgetsPath}?fieldSelector=spec.color%3Dred`);
  assert.deepEqual(
    red.json.items.map((each: { metadata: { name: string } }) => each.metadata.name),
    ["a"],
  );
  const other = await send(server, "GET", `${widgetsPath}?fieldSelector=spec.size%3D1`);
  assert.equal(other.status, 400);
});

test("documents say what a schema says", async (t) => {
  const server = await customServer(t);
  const properties = {
    either: { "x-kubernetes-int-or-string": true },
    maybe: { type: "string", nullable: true },
    any: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  await define(server, widgets(specOf(properties, { required: ["maybe", "either"] })));
  const v3 = (await send(server, "GET", "/openapi/v3/apis/example.com/v1")).json;
  const kind = v3.components.schemas["com.example.v1.Widget"];
  assert.deepEqual(kind.properties.spec.properties.either.anyOf, [{ type: "integer" }, { type: "string" }]);
  assert.equal(kind.properties.spec.properties.maybe.nullable, true);
  const v2 = (await send(server, "GET", "/openapi/v2")).json.definitions["com.example.v1.Widget"];
  assert.deepEqual(v2.properties.spec.required, ["either"]);
  assert.deepEqual(v2.properties.spec.properties.maybe, {});
  assert.deepEqual(v2.properties.spec.properties.any, { "x-kubernetes-preserve-unknown-fields": true });
  assert.ok(v3.components.schemas["com.example.v1.WidgetList"]);
});

test("a status that is not of the definition's schema is not validated; a definition alone is", async (t) => {
  const server = await customServer(t);
  await define(server, widgets());
  const reply = await send(
    server,
    "PATCH",
    `${crdsPath}/widgets.example.com`,
    { spec: { scope: "Everywhere" } },
    mergePatch,
  );
  assert.ok(
    causesOf(reply).includes('spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'),
  );
});
