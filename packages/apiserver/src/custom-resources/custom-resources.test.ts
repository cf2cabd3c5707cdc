import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import {
  causesOf,
  crdsPath,
  customServer,
  define,
  mergePatch,
  specOf,
  version,
  widget,
  widgets,
  widgetsPath,
} from "../testing/custom-resources.ts";
import { hookServer } from "../testing/hook-server.ts";
import { send, watch } from "../testing/server.ts";
import { WebhookClient } from "../webhook/index.ts";

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

test("a definition is established and served within 100 ms, and found by discovery", async (t) => {
  const server = await customServer(t);
  await send(server, "POST", crdsPath, widgets());
  const began = performance.now();
  await server.customResources.idle();
  assert.ok(performance.now() - began < 100);
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
  for (let i = 0; (await send(server, "GET", `${widgetsPath}/free`)).status !== 404; i++) {
    assert.ok(i < 1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
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

const twoVersions = (conversion: object) =>
  widgets(
    {},
    {},
    {
      conversion,
      versions: [
        version("v1", specOf({ host: text, port: text }), { storage: true }),
        version("v1beta1", specOf({ hostPort: text, host: text }), { deprecated: true }),
      ],
    },
  );
const betaPath = widgetsPath.replace("/v1/", "/v1beta1/");

test("versions that differ in name only; a deprecated one warns", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  const beta = widget("w", { spec: { host: "h", hostPort: "h:1" } }, "example.com/v1beta1");
  const made = await send(server, "POST", betaPath, beta);
  assert.equal(made.json.apiVersion, "example.com/v1beta1");
  assert.match(
    String(made.headers["warning"]),
    /example.com\/v1beta1 Widget is deprecated; use example.com\/v1 Widget/,
  );
  // What the stored version does not know is lost.
  assert.deepEqual(made.json.spec, { host: "h" });
  assert.deepEqual((await send(server, "GET", `${widgetsPath}/w`)).json.spec, { host: "h" });
});

test("a write that changes nothing stores an object in the present version; the hash of discovery is that version's", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h" } }));
  const url = `${crdsPath}/widgets.example.com`;
  const crd = (await send(server, "GET", url)).json;
  const hash = async () => (await send(server, "GET", "/apis/example.com/v1")).json.resources[0].storageVersionHash;
  const before = await hash();
  for (const each of crd.spec.versions) each.storage = each.name === "v1beta1";
  await send(server, "PUT", url, crd);
  await server.customResources.idle();
  assert.notEqual(await hash(), before);
  const present = (await send(server, "GET", `${widgetsPath}/w`)).json;
  const stored = async () => {
    const entry = await server.context.store.get("/registry/example.com/widgets/default/w");
    return JSON.parse(Buffer.from(entry!.value).toString()).apiVersion;
  };
  assert.equal(await stored(), "example.com/v1");
  await send(server, "PUT", `${widgetsPath}/w`, present);
  assert.equal(await stored(), "example.com/v1beta1");
  const again = (await send(server, "GET", `${widgetsPath}/w`)).json;
  const same = await send(server, "PUT", `${widgetsPath}/w`, again);
  assert.equal(same.json.metadata.resourceVersion, again.metadata.resourceVersion);
});

test("who applied in one version is known in the other, and a version that is gone owns nothing", async (t) => {
  const server = await customServer(t);
  await define(server, twoVersions({ strategy: "None" }));
  const apply = (path: string, apiVersion: string, manager: string, host: string) =>
    send(
      server,
      "PATCH",
      `${path}/w?fieldManager=${manager}`,
      JSON.stringify({ apiVersion, kind: "Widget", metadata: { name: "w" }, spec: { host } }),
      {
        headers: { "content-type": "application/apply-patch+yaml" },
      },
    );
  assert.equal((await apply(betaPath, "example.com/v1beta1", "one", "a")).status, 201);
  const conflict = await apply(widgetsPath, "example.com/v1", "two", "b");
  assert.equal(conflict.status, 409);
  assert.match(conflict.json.message, /conflict with "one": .spec.host/);
  assert.equal((await apply(widgetsPath, "example.com/v1", "one", "b")).json.spec.host, "b");
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

interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Beta[] };
}
interface Beta {
  readonly metadata: object;
  readonly spec: { readonly hostPort?: string; readonly host?: string; readonly port?: string };
}

/** Splits `hostPort`, or joins it. */
function converted({ metadata, spec, ...rest }: Beta, apiVersion: string): object {
  if (apiVersion.endsWith("v1")) {
    const [host, port] = (spec.hostPort ?? "").split(":");
    return { ...rest, apiVersion, metadata, spec: { host, port } };
  }
  return { ...rest, apiVersion, metadata, spec: { hostPort: `${spec.host}:${spec.port}` } };
}

const byWebhook = {
  strategy: "Webhook",
  webhook: { clientConfig: { url: "https://c.example/convert" }, conversionReviewVersions: ["v1"] },
};

test("a webhook converts: once for a list, in order for a watch, and not again", async (t) => {
  const calls: number[] = [];
  const conversionWebhooks = {
    async call(_target: unknown, body: unknown): Promise<unknown> {
      const { apiVersion, request } = body as Review;
      calls.push(request.objects.length);
      // Later conversions would come first, were they not kept in order.
      await new Promise((resolve) => setTimeout(resolve, calls.length % 2 === 0 ? 1 : 8));
      const convertedObjects = request.objects.map((each) => converted(each, request.desiredAPIVersion));
      return {
        kind: "ConversionReview",
        apiVersion,
        response: { uid: request.uid, result: { status: "Success" }, convertedObjects },
      };
    },
  };
  const server = await customServer(t, { conversionWebhooks });
  await define(server, twoVersions(byWebhook));
  for (const name of ["a", "b", "c"]) {
    assert.equal(
      (await send(server, "POST", widgetsPath, widget(name, { spec: { host: name, port: "1" } }))).status,
      201,
    );
  }
  assert.deepEqual(calls, []);
  const list = await send(server, "GET", betaPath);
  assert.deepEqual(
    list.json.items.map((each: Beta) => each.spec.hostPort),
    ["a:1", "b:1", "c:1"],
  );
  assert.deepEqual(calls, [3]);
  assert.equal((await send(server, "GET", `${betaPath}/b`)).json.spec.hostPort, "b:1");
  assert.deepEqual(calls, [3]);
  const watching = await watch(server, `${betaPath}?watch=1&resourceVersion=${list.json.metadata.resourceVersion}`);
  for (const port of ["2", "3", "4"]) await send(server, "PATCH", `${widgetsPath}/a`, { spec: { port } }, mergePatch);
  const events = await watching.until(3);
  assert.deepEqual(
    events.map(({ object }) => object.spec.hostPort),
    ["a:2", "a:3", "a:4"],
  );
  watching.stop();
  const patched = await send(server, "PATCH", `${betaPath}/b`, { spec: { hostPort: "x:9" } }, mergePatch);
  assert.equal(patched.json.spec.hostPort, "x:9");
  assert.deepEqual((await send(server, "GET", `${widgetsPath}/b`)).json.spec, { host: "x", port: "9" });
});

test("a webhook behind TLS, in both versions of its review, and what is said when it is gone", async (t) => {
  const versions: string[] = [];
  const hook = await hookServer((_request, body) => {
    const { apiVersion, request } = JSON.parse(body) as Review;
    versions.push(apiVersion);
    const convertedObjects = request.objects.map((each) => converted(each, request.desiredAPIVersion));
    const response = { uid: request.uid, result: { status: "Success" }, convertedObjects };
    return { kind: "ConversionReview", apiVersion, response };
  });
  t.after(() => hook.close());
  const services = { resolve: async () => ({ host: "127.0.0.1", port: hook.port }) };
  const conversionWebhooks = new WebhookClient({ clock: realClock, services });
  t.after(() => conversionWebhooks.close());
  const server = await customServer(t, { conversionWebhooks });
  const clientConfig = { url: hook.url("/convert"), caBundle: hook.caBundle };
  const conversion = (version: string) => ({
    strategy: "Webhook",
    webhook: { clientConfig, conversionReviewVersions: [version] },
  });
  await define(server, twoVersions(conversion("v1beta1")));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h", port: "1" } }));
  assert.equal((await send(server, "GET", `${betaPath}/w`)).json.spec.hostPort, "h:1");
  const url = `${crdsPath}/widgets.example.com`;
  await send(server, "PATCH", url, { spec: { conversion: conversion("v1") } }, mergePatch);
  assert.equal((await send(server, "GET", `${betaPath}/w`)).json.spec.hostPort, "h:1");
  assert.deepEqual(versions, ["apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"]);
  hook.close();
  await send(server, "PATCH", `${widgetsPath}/w`, { spec: { port: "2" } }, mergePatch);
  const failed = await send(server, "GET", `${betaPath}/w`);
  const address = `127.0.0.1:${hook.port}`;
  const why = `Post "https://${address}/convert?timeout=30s": dial tcp ${address}: connect: connection refused`;
  assert.equal(failed.json.message, `conversion webhook for example.com/v1, Kind=Widget failed: ${why}`);
});

test("a webhook that answers nonsense is told of", async (t) => {
  let answer = (_request: Review["request"]): unknown => ({});
  const conversionWebhooks = { call: async (_: unknown, body: unknown) => answer((body as Review).request) };
  const server = await customServer(t, { conversionWebhooks });
  await define(server, twoVersions(byWebhook));
  await send(server, "POST", widgetsPath, widget("w", { spec: { host: "h", port: "1" } }));
  const review = { kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1" };
  const respond = (change: (object: Beta) => object, result: object = { status: "Success" }) => {
    answer = ({ uid, objects, desiredAPIVersion }) => {
      const convertedObjects = objects.map((each) => change(converted(each, desiredAPIVersion) as Beta));
      return { ...review, response: { uid, result, convertedObjects } };
    };
  };
  const prefix = "conversion webhook for example.com/v1, Kind=Widget";
  const get = async () => {
    const reply = await send(server, "GET", `${betaPath}/w`);
    assert.equal(reply.status, 500);
    return reply.json.message;
  };
  assert.equal(
    await get(),
    `${prefix} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got , Kind=`,
  );
  respond((each) => each, { status: "Failed", message: "cannot" });
  assert.equal(await get(), `${prefix} failed: cannot`);
  respond((each) => ({ ...each, metadata: { ...each.metadata, name: "other" } }));
  assert.equal(await get(), `${prefix} returned invalid object: must have the same name: w != other`);
  respond((each) => ({ ...each, apiVersion: "example.com/v7" }));
  assert.equal(
    await get(),
    `${prefix} returned invalid object at index 0: invalid groupVersion (expected example.com/v1beta1, received example.com/v7)`,
  );
  respond((each) => ({ ...each, metadata: { ...each.metadata, labels: { "a b": "" } } }));
  assert.match(await get(), /returned invalid metadata: metadata.labels: Invalid value: "a b"/);
  respond((each) => ({ ...each, metadata: { ...each.metadata, labels: { ok: "yes" }, finalizers: ["x"] } }));
  const { json } = await send(server, "GET", `${betaPath}/w`);
  assert.deepEqual([json.metadata.labels, json.metadata.finalizers], [{ ok: "yes" }, undefined]);
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
