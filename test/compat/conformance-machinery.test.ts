/** What upstream's sig-api-machinery and sig-auth conformance tests ask of a server, in its order and with its expectations. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Api,
  applyPatch,
  at,
  freshNamespace,
  jsonPatch,
  refused,
  startApi,
  strategicPatch,
  type Thing,
  type Watching,
} from "../harness/api.ts";
import { eventually } from "../harness/eventually.ts";

const configMap = (name: string, data: object = {}, labels: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data,
});
const podSpec = { containers: [{ name: "nginx", image: "nginx:latest" }] };
const template = { metadata: { labels: { app: "x" } }, spec: podSpec };
const workload = (apiVersion: string, kind: string, name: string, replicas: number, labels: object = {}) => ({
  apiVersion,
  kind,
  metadata: { name, labels },
  spec: {
    replicas,
    selector: kind === "ReplicationController" ? { app: "x" } : { matchLabels: { app: "x" } },
    template,
  },
});

async function definition(api: Api, plural: string, schema: object, more: object = {}): Promise<string> {
  const group = `${plural}.example.com`;
  const definitions = api.resource("apiextensions.k8s.io/v1/customresourcedefinitions");
  await definitions.create({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, labels: { made: "here" } },
    spec: {
      group,
      scope: "Cluster",
      names: { plural, singular: plural, kind: `Kind${plural}`, listKind: `Kind${plural}List` },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema }, ...more }],
    },
  });
  await eventually(async () => {
    const { status } = await definitions.get(`${plural}.${group}`);
    return (at(status, "conditions") as { type: string; status: string }[]).some(
      (each) => each.type === "Established" && each.status === "True",
    );
  });
  return `${group}/v1/${plural}`;
}

test("conformance: machinery and auth", { timeout: 300_000 }, async (t) => {
  const { api } = await startApi(t, { simulatedNodes: 2 });

  await t.test("server version: both parts are numbers", async () => {
    const version = await api.ask("GET", "/version");
    assert.match(`${version["major"]}.${version["minor"]}`, /^[0-9]+\.[0-9]+$/);
  });

  await t.test("discovery: each group has a preferred version among its versions, and it can be listed", async () => {
    const { groups } = (await api.ask("GET", "/apis")) as unknown as {
      groups: { name: string; preferredVersion: { groupVersion: string }; versions: { groupVersion: string }[] }[];
    };
    for (const { name, preferredVersion, versions } of groups) {
      assert.ok(
        versions.some((each) => each.groupVersion === preferredVersion.groupVersion),
        name,
      );
      const one = await api.ask("GET", `/apis/${name}`);
      assert.deepEqual(one["preferredVersion"], preferredVersion);
      const list = await api.ask("GET", `/apis/${preferredVersion.groupVersion}`);
      assert.ok((list["resources"] as unknown[]).length > 0);
    }
  });

  await t.test("aggregated discovery: by Accept header, custom resources too", async () => {
    await definition(api, "aggs", { type: "object" });
    const form = (version: string) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    for (const path of ["/api", "/apis"]) {
      const { body, headers } = await api.send("GET", path, { accept: form("v2") });
      assert.equal(body.kind, "APIGroupDiscoveryList");
      assert.equal(body.apiVersion, "apidiscovery.k8s.io/v2");
      assert.match(String(headers["content-type"]), /v=v2;as=APIGroupDiscoveryList/);
      const names = (body["items"] as Thing[]).map(({ metadata }) => metadata.name ?? "");
      if (path === "/apis") for (const name of ["apps", "batch", "aggs.example.com"]) assert.ok(names.includes(name));
    }
    // The beta form went in 1.35.
    for (const version of ["v2beta1", "v9"]) {
      const fallback = await api.ask("GET", "/apis", { accept: `${form(version)},application/json` });
      assert.equal(fallback.kind, "APIGroupList");
    }
  });

  await t.test("every method is passed to a pod or service: OPTIONS too", async () => {
    for (const plural of ["pods", "services"]) {
      const reply = await api.send("OPTIONS", `/api/v1/namespaces/default/${plural}/nope/proxy/x`);
      assert.deepEqual([reply.code, reply.body["reason"]], [404, "NotFound"]);
    }
  });

  await t.test("tables: 406 where there are none", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: "default", verb: "get", resource: "nodes" } },
    };
    const reply = await api.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
      body: review,
      accept,
    });
    assert.equal(reply.code, 406, reply.text);
    assert.equal(reply.body["reason"], "NotAcceptable");
    const table = await api.ask("GET", "/api/v1/nodes", { accept });
    const columns = table["columnDefinitions"] as { name: string }[];
    assert.ok(columns.length >= 2);
    assert.equal((table["rows"] as { cells: unknown[] }[])[0]?.cells.length, columns.length);
    assert.equal(columns[0]?.name, "Name");
  });

  await t.test("chunks: every page of one moment, with what remains", async () => {
    const namespace = await freshNamespace(api);
    const templates = api.resource("v1/podtemplates", namespace);
    const total = 60;
    await Promise.all(
      Array.from({ length: total }, (_, index) =>
        templates.create({
          apiVersion: "v1",
          kind: "PodTemplate",
          metadata: { name: `template-${String(index).padStart(4, "0")}` },
          template: { spec: podSpec },
        }),
      ),
    );
    let found = 0;
    let next = "";
    let moment: string | undefined;
    do {
      const page = await templates.list({ limit: 7, ...(next ? { continue: next } : {}) });
      moment ??= page.metadata.resourceVersion;
      assert.equal(page.metadata.resourceVersion, moment);
      for (const item of page.items) assert.equal(item.metadata.name, `template-${String(found++).padStart(4, "0")}`);
      next = page.metadata.continue ?? "";
      assert.equal(page.metadata.remainingItemCount, next ? total - found : undefined);
    } while (next);
    assert.equal(found, total);
    assert.equal((await templates.list({ limit: total + 1 })).items.length, total);
  });

  await t.test("watchers: label selectors, restarts, and deletion by losing the label", () => watchers(api));
  await t.test("watchers: concurrent ones agree on the order", () => concurrentWatches(api));
  await t.test("field validation of typed objects", () => typedFieldValidation(api));
  await t.test("field validation of custom resources", () => customFieldValidation(api));
  await t.test("definitions: list by label, status, watch, delete collection", () => definitions(api));
  await t.test("custom resources: defaults for requests and from storage", () => defaulting(api));
  await t.test("garbage: orphans, background, foreground, circles, two owners", () => garbage(api));
  await t.test("namespaces: patch, update, status, finalizers, and an end that takes all with it", () =>
    namespaces(api),
  );
  await t.test("namespaces end in order: pods first", () => orderedDeletion(api));
  await t.test("quota: what is used is counted as it comes and goes", () => quota(api));
  await t.test("quota: scopes, lifecycle and status", () => quotaScopes(api));
  await t.test("admission policies decide about deployments", () => policies(api));
  await t.test("reviews agree with what one may do", () => reviews(api));
  await t.test("service accounts: lifecycle, tokens, root certificates", () => serviceAccounts(api));
  await t.test("config maps and secrets: lifecycle, empty keys, immutability", () => configMaps(api));
  await t.test("events: core and new are the same objects", () => events(api));
});

async function watchers(api: Api) {
  const namespace = await freshNamespace(api);
  const maps = api.resource("v1/configmaps", namespace);
  const label = "watch-this-configmap";
  const watch = (value: string, more: object = {}) => maps.watch({ labelSelector: `${label} in (${value})`, ...more });
  const a = await watch("a");
  const b = await watch("b");
  const both = await watch("a,b");
  const change = (name: string, mutation: string) =>
    maps.change(name, (object) => {
      object["data"] = { mutation };
    });
  await maps.create(configMap("map-a", {}, { [label]: "a" }));
  await change("map-a", "1");
  const second = await change("map-a", "2");
  await maps.delete("map-a");
  for (const each of [a, both]) {
    await each.until("ADDED");
    assert.equal(at(await each.until("MODIFIED"), "object.data.mutation"), "1");
    assert.equal(at(await each.until("MODIFIED"), "object.data.mutation"), "2");
    assert.equal(at(await each.until("DELETED"), "object.data.mutation"), "2");
  }
  await maps.create(configMap("map-b", {}, { [label]: "b" }));
  await maps.delete("map-b");
  for (const each of [b, both]) {
    assert.equal((await each.next()).type, "ADDED");
    assert.equal((await each.next()).type, "DELETED");
  }
  const later = await watch("a", { resourceVersion: second.metadata.resourceVersion });
  assert.equal((await later.next()).type, "DELETED");
  await maps.create(configMap("moves", {}, { [label]: "c" }));
  const c = await watch("c", { resourceVersion: (await maps.list()).metadata.resourceVersion });
  await maps.change("moves", (object) => {
    object.metadata.labels = { [label]: "wrong" };
  });
  assert.equal((await c.next()).type, "DELETED");
  await change("moves", "unseen");
  await maps.change("moves", (object) => {
    object.metadata.labels = { [label]: "c" };
  });
  const back = await c.next();
  assert.deepEqual([back.type, at(back, "object.data.mutation")], ["ADDED", "unseen"]);
  await maps.delete("moves");
  assert.equal((await c.next()).type, "DELETED");
  for (const each of [a, b, both, later, c]) each.stop();
}

async function concurrentWatches(api: Api) {
  const namespace = await freshNamespace(api);
  const maps = api.resource("v1/configmaps", namespace);
  const first = await maps.watch({ resourceVersion: (await maps.list()).metadata.resourceVersion ?? "" });
  const iterations = 20;
  const writes = (async () => {
    for (let index = 0; index < iterations; index++) {
      await maps.create(configMap(`cm-${index}`));
      await maps.patch(`cm-${index}`, { data: { a: "b" } });
      if (index % 2) await maps.delete(`cm-${index}`);
    }
  })();
  const others: Watching[] = [];
  for (let index = 0; index < iterations; index++) {
    const resourceVersion = (await first.next()).object.metadata.resourceVersion ?? "";
    for (const other of others) assert.equal((await other.next()).object.metadata.resourceVersion, resourceVersion);
    others.push(await maps.watch({ resourceVersion }));
  }
  await writes;
  for (const each of [first, ...others]) each.stop();
}

async function typedFieldValidation(api: Api) {
  const namespace = await freshNamespace(api);
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const spec = `"selector":{"matchLabels":{"app":"x"}},"template":${JSON.stringify(template)}`;
  const body = (metadata: string, more: string) =>
    `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep"${metadata}},"spec":{${more}${spec}}}`;
  const query = { fieldManager: "field_validation_mgr", fieldValidation: "Strict" };
  const rows: [string, string][] = [
    [
      body("", `"unknownField":"foo","replicas":2,"replicas":3,`),
      `strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"`,
    ],
    [body(`,"unknownMeta":"foo"`, ""), `strict decoding error: unknown field "metadata.unknownMeta"`],
  ];
  for (const [given, expected] of rows) {
    const reply = await refused(api.ask("POST", path, { body: given, query }), 400, "BadRequest");
    assert.ok(String(reply.body["message"]).includes(expected), reply.text);
  }
}

const ports = {
  type: "array",
  "x-kubernetes-list-map-keys": ["containerPort", "protocol"],
  "x-kubernetes-list-type": "map",
  items: {
    properties: {
      containerPort: { format: "int32", type: "integer" },
      name: { type: "string" },
      protocol: { type: "string" },
    },
    required: ["containerPort", "protocol"],
    type: "object",
  },
};
const cronSpec = { type: "string", pattern: "^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$" };
const template2 = {
  type: "object",
  "x-kubernetes-embedded-resource": true,
  properties: {
    metadata: { type: "object", properties: { name: { type: "string" } } },
    spec: { type: "object" },
  },
};

async function customFieldValidation(api: Api) {
  const spec = (more: object) => ({
    type: "object",
    properties: { spec: { type: "object", properties: { foo: { type: "string" }, cronSpec, ports }, ...more } },
  });
  const query = { fieldManager: "field_validation_mgr", fieldValidation: "Strict" };
  const apply = async (resource: string, yaml: string) => {
    const [group, version, plural] = resource.split("/");
    const head = `apiVersion: ${group}/${version}\nkind: Kind${plural}\nmetadata:\n  name: mytest\n`;
    return await api.send("PATCH", `/apis/${resource}/mytest`, { body: head + yaml, type: applyPatch, query });
  };
  const portsYaml = `  cronSpec: "* * * * */5"\n  ports:\n  - name: x\n    containerPort: 80\n    protocol: TCP\n`;
  const strict = await definition(api, "stricts", spec({}));
  const loose = await definition(api, "looses", { type: "object", "x-kubernetes-preserve-unknown-fields": true });
  const embedded = await definition(api, "embeds", {
    type: "object",
    properties: {
      spec: {
        type: "object",
        "x-kubernetes-preserve-unknown-fields": true,
        properties: { template: template2, foo: { type: "string" }, cronSpec, ports },
      },
    },
  });
  const finalizers = "  finalizers:\n  - test-finalizer\n";
  assert.equal((await apply(strict, `${finalizers}spec:\n  foo: foo1\n${portsYaml}`)).code, 201);
  assert.equal((await apply(loose, `${finalizers}spec:\n  unknown: uk1\n${portsYaml}`)).code, 201);
  const unknown = await apply(strict, `unknownField: unknown\nspec:\n  foo: foo1\n${portsYaml}`);
  assert.ok(unknown.text.includes(`.unknownField: field not declared in schema`), unknown.text);
  const meta = await apply(
    embedded,
    `  unknownMeta: unknown\nspec:\n  template:\n    apiversion: foo/v1\n    kind: Sub\n    metadata:\n      unknownSubMeta: unknown\n      name: subobject\n  foo: foo1\n${portsYaml}`,
  );
  assert.ok(meta.text.includes(".metadata.unknownMeta: field not declared in schema"), meta.text);
  const post = await api.send("POST", `/apis/${embedded}`, {
    body: `apiVersion: embeds.example.com/v1\nkind: Kindembeds\nmetadata:\n  name: mytest\n  unknownMeta: unknown\nspec:\n  template:\n    apiVersion: foo/v1\n    kind: Sub\n    metadata:\n      unknownSubMeta: unknown\n      name: subobject\n${portsYaml}`,
    type: "application/yaml",
    query,
  });
  assert.ok(
    post.text.includes(
      `strict decoding error: unknown field \\"metadata.unknownMeta\\", unknown field \\"spec.template.metadata.unknownSubMeta\\"`,
    ),
    post.text,
  );
  const twice = await api.send("POST", `/apis/${loose}`, {
    body: `{"apiVersion":"looses.example.com/v1","kind":"Kindlooses","metadata":{"name":"two"},"spec":{"unknown":"a","unknown":"b"}}`,
    query,
  });
  assert.match(twice.text, /duplicate field \\"spec.unknown\\"/);
  // An apply has no duplicates to name: its YAML is refused as such.
  const yaml = await apply(loose, `spec:\n  foo: foo1\n  foo: foo2\n${portsYaml}`);
  assert.match(yaml.text, /line \d+: key \\"foo\\" already set in map/);
}

async function definitions(api: Api) {
  const things = api.resource("apiextensions.k8s.io/v1/customresourcedefinitions");
  await definition(api, "firsts", { type: "object" });
  const watch = await things.watch({ fieldSelector: "metadata.name=firsts.firsts.example.com" });
  await watch.until("ADDED");
  const status = await things.get("firsts.firsts.example.com", "status");
  assert.equal(status.metadata.name, "firsts.firsts.example.com");
  const condition = { type: "StatusUpdate", status: "True", reason: "E2E", message: "Set from an e2e test" };
  const updated = await things.change(
    "firsts.firsts.example.com",
    (object) => (at(object, "status.conditions") as object[]).push(condition),
    "status",
  );
  assert.ok(
    (at(updated, "status.conditions") as { message: string }[]).some((each) => each.message === condition.message),
  );
  const patched = await things.patch(
    "firsts.firsts.example.com",
    { metadata: { annotations: { patched: "true" } }, spec: { scope: "Namespaced" } },
    undefined,
    "status",
  );
  assert.equal(at(patched, "spec.scope"), "Cluster");
  await watch.until("MODIFIED");
  assert.ok((await things.list({ labelSelector: "made=here" })).items.length >= 4);
  await things.deleteCollection({ labelSelector: "made=here" });
  await watch.until("DELETED");
  watch.stop();
  // One whose objects have finalizers waits for them.
  await eventually(async () => (await things.list({ labelSelector: "made=here" })).items.length <= 2);
}

async function defaulting(api: Api) {
  const schema = (defaults: object) => ({
    type: "object",
    properties: { spec: { type: "object", properties: { a: { type: "string" }, b: { type: "string" }, ...defaults } } },
  });
  const resource = await definition(api, "defaults", schema({}));
  const things = api.resource("apiextensions.k8s.io/v1/customresourcedefinitions");
  const objects = api.resource(resource);
  const object = (name: string) => ({
    apiVersion: "defaults.example.com/v1",
    kind: "Kinddefaults",
    metadata: { name },
    spec: {},
  });
  await objects.create(object("foo"));
  const setDefault = (properties: object) =>
    things.patch(
      "defaults.defaults.example.com",
      [{ op: "add", path: "/spec/versions/0/schema/openAPIV3Schema", value: schema(properties) }],
      jsonPatch,
    );
  await setDefault({ a: { type: "string", default: "A" } });
  await eventually(async () => at(await objects.get("foo"), "spec.a") === "A");
  assert.equal(at(await objects.create(object("foo2")), "spec.a"), "A");
  await setDefault({ b: { type: "string", default: "B" } });
  await eventually(async () => at(await objects.get("foo2"), "spec.b") === "B");
  assert.equal(at(await objects.get("foo2"), "spec.a"), "A");
  await eventually(async () => at(await objects.get("foo"), "spec.b") === "B");
  assert.equal(at(await objects.get("foo"), "spec.a"), undefined);
}

async function garbage(api: Api) {
  const namespace = await freshNamespace(api);
  const [rcs, pods, deployments, sets] = [
    "v1/replicationcontrollers",
    "v1/pods",
    "apps/v1/deployments",
    "apps/v1/replicasets",
  ].map((each) => api.resource(each, namespace)) as [ReturnType<Api["resource"]>, ...ReturnType<Api["resource"]>[]];
  assert.ok(pods && deployments && sets);
  const count = async (number: number) => eventually(async () => (await pods.list()).items.length === number);
  const rc = (name: string, replicas: number) => workload("v1", "ReplicationController", name, replicas);
  await rcs.create(rc("plain", 2));
  await count(2);
  await rcs.delete("plain", { propagationPolicy: "Background" });
  await count(0);
  await rcs.create(rc("orphans", 3));
  await count(3);
  await eventually(async () => at(await rcs.get("orphans"), "status.replicas") === 3);
  await rcs.delete("orphans", { orphanDependents: true });
  await eventually(() => refused(rcs.get("orphans"), 404).then(() => true));
  assert.equal((await pods.list()).items.filter(({ metadata }) => metadata.ownerReferences === undefined).length, 3);
  await pods.deleteCollection({}, { gracePeriodSeconds: 0 });
  await count(0);

  await rcs.create(rc("first", 4));
  await rcs.create({
    apiVersion: "v1",
    kind: "ReplicationController",
    metadata: { name: "second" },
    spec: { replicas: 0, selector: { app: "y" }, template: { metadata: { labels: { app: "y" } }, spec: podSpec } },
  });
  await count(4);
  const second = await rcs.get("second");
  const owner = {
    apiVersion: "v1",
    kind: "ReplicationController",
    name: "second",
    uid: second.metadata.uid,
  };
  const all = (await pods.list()).items.map(({ metadata }) => metadata.name ?? "");
  for (const name of all.slice(0, 2))
    await pods.patch(name, { metadata: { ownerReferences: [owner] } }, strategicPatch);
  await rcs.delete("first", { propagationPolicy: "Foreground" });
  await eventually(() => refused(rcs.get("first"), 404).then(() => true));
  const left = (await pods.list()).items;
  assert.deepEqual(left.map(({ metadata }) => metadata.name).sort(), all.slice(0, 2).sort());
  for (const { metadata } of left) {
    assert.equal(metadata.deletionTimestamp, undefined);
    assert.deepEqual(
      metadata.ownerReferences?.map((each) => each.name),
      ["second"],
    );
  }
  await rcs.delete("second", { propagationPolicy: "Background" });
  await count(0);

  await deployments.create(workload("apps/v1", "Deployment", "web", 2));
  await eventually(async () => (await sets.list()).items.length === 1);
  await deployments.delete("web", { propagationPolicy: "Orphan" });
  await eventually(() => refused(deployments.get("web"), 404).then(() => true));
  const [set] = (await sets.list()).items;
  assert.equal(set?.metadata.ownerReferences, undefined);
  await sets.delete(set?.metadata.name ?? "", { propagationPolicy: "Background" });
  await count(0);

  const circle = ["pod1", "pod2", "pod3"];
  const made: Thing[] = [];
  for (const name of circle)
    made.push(
      await pods.create({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name },
        spec: { ...podSpec, restartPolicy: "Never" },
      }),
    );
  for (const [index, name] of circle.entries()) {
    const { metadata } = made[(index + 2) % 3] as Thing;
    const reference = { apiVersion: "v1", kind: "Pod", name: metadata.name, uid: metadata.uid };
    await pods.patch(
      name,
      { metadata: { ownerReferences: [{ ...reference, controller: true, blockOwnerDeletion: true }] } },
      strategicPatch,
    );
  }
  await pods.delete("pod1", { propagationPolicy: "Foreground" });
  await count(0);
}

async function namespaces(api: Api) {
  const things = api.resource("v1/namespaces");
  const name = await freshNamespace(api);
  assert.equal(at(await things.get(name, "status"), "status.phase"), "Active");
  const condition = { type: "StatusPatch", status: "True", reason: "E2E", message: "Patched by an e2e test" };
  const patched = await things.patch(name, { status: { conditions: [condition] } }, undefined, "status");
  assert.equal(at(patched, "status.conditions.0.reason"), "E2E");
  const updated = await things.change(
    name,
    (object) => (at(object, "status.conditions") as object[]).push({ ...condition, type: "StatusUpdate" }),
    "status",
  );
  assert.equal((at(updated, "status.conditions") as object[]).length, 2);
  const labelled = await things.patch(name, { metadata: { labels: { testLabel: "testValue" } } }, strategicPatch);
  assert.equal(labelled.metadata.labels?.["testLabel"], "testValue");
  const held = await things.change(
    name,
    (object) => (at(object, "spec.finalizers") as string[]).push("e2e.example.com/fakeFinalizer"),
    "finalize",
    "",
  );
  assert.deepEqual(at(held, "spec.finalizers"), ["kubernetes", "e2e.example.com/fakeFinalizer"]);
  const freed = await things.change(
    name,
    (object) => {
      object["spec"] = { finalizers: ["kubernetes"] };
    },
    "finalize",
    "",
  );
  assert.deepEqual(at(freed, "spec.finalizers"), ["kubernetes"]);
  await api.resource("v1/pods", name).create({ apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: podSpec });
  await api
    .resource("v1/services", name)
    .create({ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } });
  const deleting = await things.delete(name);
  assert.equal(at(deleting, "status.phase"), "Terminating");
  await eventually(() => refused(things.get(name), 404).then(() => true));
  assert.equal((await api.resource("v1/pods", name).list()).items.length, 0);
  assert.equal((await api.resource("v1/services", name).list()).items.length, 0);
}

/** KEP-5080: pods go before what they may use; a condition says what is left. */
async function orderedDeletion(api: Api) {
  const name = await freshNamespace(api);
  const pods = api.resource("v1/pods", name);
  const finalizers = ["e2e.example.com/finalizer"];
  await pods.create({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", finalizers }, spec: podSpec });
  const maps = api.resource("v1/configmaps", name);
  await maps.create(configMap("kept"));
  await api.resource("v1/namespaces").delete(name);
  const conditions = async () =>
    (at(await api.resource("v1/namespaces").get(name), "status.conditions") ?? []) as {
      type: string;
      status: string;
      reason: string;
      message: string;
    }[];
  const remaining = await eventually(async () =>
    (await conditions()).find((each) => each.type === "NamespaceFinalizersRemaining" && each.status === "True"),
  );
  assert.match(remaining.message, /e2e.example.com\/finalizer in 1 resource instances/);
  assert.equal((await maps.get("kept")).metadata.deletionTimestamp, undefined);
  await refused(maps.create(configMap("late")), 403, "Forbidden", /because it is being terminated/);
  await pods.patch("p", { metadata: { finalizers: null } });
  await eventually(() => refused(api.resource("v1/namespaces").get(name), 404).then(() => true));
}

async function quota(api: Api) {
  const namespace = await freshNamespace(api);
  const quotas = api.resource("v1/resourcequotas", namespace);
  const hard = {
    pods: "5",
    services: "10",
    "services.nodeports": "1",
    "services.loadbalancers": "1",
    replicationcontrollers: "10",
    resourcequotas: "1",
    cpu: "1",
    memory: "500Mi",
    configmaps: "10",
    secrets: "10",
    persistentvolumeclaims: "10",
    "requests.storage": "10Gi",
    "requests.ephemeral-storage": "50Gi",
    "count/replicasets.apps": "5",
    "requests.example.com/dongle": "3",
  };
  await quotas.create({ apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "q" }, spec: { hard } });
  const used = (wanted: Record<string, string>) =>
    eventually(
      async () => {
        const found = at(await quotas.get("q"), "status.used") as Record<string, string> | undefined;
        for (const [name, value] of Object.entries(wanted)) assert.equal(found?.[name], value, name);
        return true;
      },
      { what: `used ${JSON.stringify(wanted)}` },
    );
  await used({ resourcequotas: "1", configmaps: "1", pods: "0", cpu: "0", "count/replicasets.apps": "0" });
  const service = (name: string, type: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { type, ports: [{ port: 80, targetPort: 80 }] },
  });
  const services = api.resource("v1/services", namespace);
  await services.create(service("one", "ClusterIP"));
  await services.create(service("two", "NodePort"));
  await refused(
    services.create(service("three", "LoadBalancer")),
    403,
    "Forbidden",
    /exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1/,
  );
  await used({ services: "2", "services.nodeports": "1", "services.loadbalancers": "0" });
  await services.delete("one");
  await services.delete("two");
  await used({ services: "0", "services.nodeports": "0" });
  const things: [string, object, string][] = [
    ["v1/configmaps", configMap("counted"), "configmaps"],
    ["v1/secrets", { apiVersion: "v1", kind: "Secret", metadata: { name: "counted" } }, "secrets"],
    ["v1/replicationcontrollers", workload("v1", "ReplicationController", "counted", 0), "replicationcontrollers"],
    ["apps/v1/replicasets", workload("apps/v1", "ReplicaSet", "counted", 0), "count/replicasets.apps"],
    [
      "v1/persistentvolumeclaims",
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "counted" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      },
      "persistentvolumeclaims",
    ],
  ];
  for (const [resource, object, counted] of things) {
    const before = Number(
      at((await quotas.get("q"))["status"], "used") &&
        (at((await quotas.get("q"))["status"], "used") as Record<string, string>)[counted],
    );
    await api.resource(resource, namespace).create(object);
    await used({ [counted]: String(before + 1) });
    await api.resource(resource, namespace).delete("counted");
    await used({ [counted]: String(before) });
  }
  const dongle = { "example.com/dongle": "2" };
  const pod = (name: string, requests: object, limits: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "pause", image: "pause", resources: { requests, limits } }] },
  });
  const pods = api.resource("v1/pods", namespace);
  const requests = { cpu: "500m", memory: "252Mi", "ephemeral-storage": "30Gi", ...dongle };
  const made = await pods.create(pod("fits", requests, dongle));
  const usage = {
    pods: "1",
    cpu: "500m",
    memory: "252Mi",
    "requests.ephemeral-storage": "30Gi",
    "requests.example.com/dongle": "2",
  };
  await used(usage);
  await refused(pods.create(pod("no", { cpu: "600m", memory: "100Mi" })), 403, "Forbidden", /exceeded quota/);
  await refused(pods.create(pod("no", { cpu: "500m", memory: "100Mi", ...dongle }, dongle)), 403, "Forbidden");
  const smaller = structuredClone(made) as Thing & { spec: { containers: { resources: object }[] } };
  for (const container of smaller.spec.containers) container.resources = { requests: { cpu: "100m" } };
  await assert.rejects(pods.update(smaller));
  await used(usage);
  await pods.delete("fits", { gracePeriodSeconds: 0 });
  await used({ pods: "0", cpu: "0", memory: "0", "requests.example.com/dongle": "0" });
}

async function quotaScopes(api: Api) {
  const namespace = await freshNamespace(api);
  const quotas = api.resource("v1/resourcequotas", namespace);
  const pods = api.resource("v1/pods", namespace);
  const used = (name: string, value: string) =>
    eventually(async () => at(await quotas.get(name), "status.used.pods") === value, {
      what: `${name} uses ${value}`,
    });
  const scopes = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating"];
  const nameOf = (scope: string) => `q-${scope.toLowerCase()}`;
  for (const scope of scopes) {
    await quotas.create({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: nameOf(scope), labels: { made: "here" } },
      spec: { hard: { pods: "5" }, scopes: [scope] },
    });
    await used(nameOf(scope), "0");
  }
  const pod = (name: string, resources: object, more: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "pause", image: "pause", resources }], ...more },
  });
  const some = { requests: { cpu: "500m", memory: "200Mi" }, limits: { cpu: "1", memory: "400Mi" } };
  const rows: [string, object, string[]][] = [
    ["best", pod("best", {}), ["BestEffort", "NotTerminating"]],
    ["not-best", pod("not-best", some), ["NotBestEffort", "NotTerminating"]],
    ["ends", pod("ends", some, { activeDeadlineSeconds: 3600 }), ["NotBestEffort", "Terminating"]],
  ];
  for (const [name, object, counted] of rows) {
    await pods.create(object);
    for (const scope of scopes) await used(nameOf(scope), counted.includes(scope) ? "1" : "0");
    await pods.delete(name, { gracePeriodSeconds: 0 });
    for (const scope of scopes) await used(nameOf(scope), "0");
  }
  const changed = await quotas.change("q-besteffort", (object) => {
    (object["spec"] as { hard: object }).hard = { pods: "7" };
  });
  assert.equal(at(changed, "spec.hard.pods"), "7");
  await eventually(async () => at(await quotas.get("q-besteffort"), "status.hard.pods") === "7");
  const status = await quotas.patch(
    "q-besteffort",
    { spec: { hard: { pods: "9" } }, status: { hard: { pods: "8" } } },
    undefined,
    "status",
  );
  assert.equal(at(status, "status.hard.pods"), "8");
  assert.equal(at(status, "spec.hard.pods"), "7");
  // The controller says what the spec says.
  await eventually(async () => at(await quotas.get("q-besteffort"), "status.hard.pods") === "7");
  assert.equal((await quotas.list({ labelSelector: "made=here" }, true)).items.length, 4);
  await quotas.deleteCollection({ labelSelector: "made=here" });
  assert.equal((await quotas.list()).items.length, 0);
}

async function policies(api: Api) {
  const namespace = await freshNamespace(api, { "policy-here": "yes" });
  const base = "admissionregistration.k8s.io/v1";
  await api.resource(`${base}/validatingadmissionpolicies`).create({
    apiVersion: base,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "few.replicas.example.com" },
    spec: {
      matchConstraints: {
        namespaceSelector: { matchLabels: { "policy-here": "yes" } },
        resourceRules: [
          { operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] },
        ],
      },
      variables: [
        { name: "replicas", expression: "object.spec.replicas" },
        { name: "oddReplicas", expression: "variables.replicas % 2 == 1" },
      ],
      validations: [
        { expression: "variables.replicas > 1" },
        { expression: "variables.oddReplicas", message: "odd, please" },
      ],
    },
  });
  await api.resource(`${base}/validatingadmissionpolicybindings`).create({
    apiVersion: base,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "few.replicas.example.com" },
    spec: { policyName: "few.replicas.example.com", validationActions: ["Deny"] },
  });
  const deployments = api.resource("apps/v1/deployments", namespace);
  await eventually(() =>
    refused(
      deployments.create(workload("apps/v1", "Deployment", "one", 1), { dryRun: "All" }),
      422,
      "Invalid",
      /failed expression: variables.replicas > 1/,
    ).then(() => true),
  );
  await refused(deployments.create(workload("apps/v1", "Deployment", "two", 2)), 422, "Invalid", /odd, please/);
  await deployments.create(workload("apps/v1", "Deployment", "three", 3));
  const status = await api.resource(`${base}/validatingadmissionpolicies`).get("few.replicas.example.com");
  assert.equal(at(status, "spec.failurePolicy"), "Fail");
  await deployments.delete("three");
}

async function reviews(api: Api) {
  const namespace = await freshNamespace(api);
  await api
    .resource("v1/serviceaccounts", namespace)
    .create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "e2e" } });
  const user = `system:serviceaccount:${namespace}:e2e`;
  const resourceAttributes = { verb: "list", resource: "configmaps", namespace, version: "v1" };
  for (const [path, kind] of [
    ["/apis/authorization.k8s.io/v1/subjectaccessreviews", "SubjectAccessReview"],
    [`/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`, "LocalSubjectAccessReview"],
  ]) {
    const review = await api.ask("POST", path ?? "", {
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind,
        metadata: kind === "LocalSubjectAccessReview" ? { namespace } : {},
        spec: { resourceAttributes, user, uid: "", groups: [] },
      },
    });
    assert.equal(at(review, "status.allowed"), false);
  }
  const headers = { "impersonate-user": user };
  const reply = await api.send("GET", `/api/v1/namespaces/${namespace}/configmaps`, { headers });
  assert.equal(reply.code, 403);
  const self = await api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
    headers,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
  });
  assert.equal(at(self, "status.userInfo.username"), user);
}

async function serviceAccounts(api: Api) {
  const namespace = await freshNamespace(api);
  const accounts = api.resource("v1/serviceaccounts", namespace);
  await eventually(() => accounts.get("default").then(() => true));
  const labels = { "test-serviceaccount-static": "true" };
  const watch = await accounts.watch({ labelSelector: "test-serviceaccount-static=true" });
  await accounts.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa", labels } });
  await watch.until("ADDED");
  await accounts.patch("sa", { automountServiceAccountToken: false }, strategicPatch);
  const event = await watch.until("MODIFIED");
  assert.equal(event.object["automountServiceAccountToken"], false);
  assert.equal((await accounts.list({ labelSelector: "test-serviceaccount-static=true" }, true)).items.length, 1);
  const token = await api.ask("POST", `${accounts.path("sa")}/token`, {
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      metadata: {},
      spec: { expirationSeconds: 3600 },
    },
  });
  assert.match(String(at(token, "status.token")), /^ey.+\..+\..+/);
  const review = await api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: at(token, "status.token") } },
  });
  assert.equal(at(review, "status.user.username"), `system:serviceaccount:${namespace}:sa`);
  await accounts.deleteCollection({ labelSelector: "test-serviceaccount-static=true" });
  await watch.until("DELETED");
  watch.stop();
  const maps = api.resource("v1/configmaps", namespace);
  const root = (await eventually(() => maps.get("kube-root-ca.crt")))["data"];
  await maps.delete("kube-root-ca.crt");
  await eventually(
    async () => assert.deepEqual((await maps.get("kube-root-ca.crt"))["data"], root) === undefined || true,
  );
  await maps.patch("kube-root-ca.crt", { data: { "ca.crt": "" } });
  await eventually(async () => {
    assert.deepEqual((await maps.get("kube-root-ca.crt"))["data"], root);
    return true;
  });
  const keys = await api.ask("GET", "/openid/v1/jwks");
  assert.ok(Array.isArray(keys["keys"]));
  const found = await api.ask("GET", "/.well-known/openid-configuration");
  assert.match(String(found["jwks_uri"]), /\/openid\/v1\/jwks$/);
}

async function configMaps(api: Api) {
  const namespace = await freshNamespace(api);
  const maps = api.resource("v1/configmaps", namespace);
  const secrets = api.resource("v1/secrets", namespace);
  await refused(maps.create(configMap("empty", { "": "value" })), 422, "Invalid", /data\[\]: Invalid value: ""/);
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "Yg==" } };
  await refused(secrets.create({ ...secret, data: { "": "Yg==" } }), 422, "Invalid");
  for (const [things, object] of [
    [maps, configMap("m", { a: "b" })],
    [secrets, secret],
  ] as const) {
    const { name } = (await things.create(object)).metadata;
    await things.patch(name ?? "", { immutable: true });
    await refused(
      things.patch(name ?? "", { data: { a: "Yw==" } }),
      422,
      "Invalid",
      /field is immutable when `immutable` is set/,
    );
    await refused(things.patch(name ?? "", { immutable: false }), 422, "Invalid");
    await things.patch(name ?? "", { metadata: { labels: { label1: "value1" } } });
    await things.deleteCollection({ labelSelector: "label1=value1" });
    await refused(things.get(name ?? ""), 404, "NotFound");
  }
}

async function events(api: Api) {
  const namespace = await freshNamespace(api);
  const [core, next] = ["v1/events", "events.k8s.io/v1/events"].map((each) => api.resource(each, namespace));
  assert.ok(core && next);
  await next.create({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "e", labels: { testevent: "true" } },
    eventTime: "2024-01-01T00:00:00.000000Z",
    reportingController: "test-controller",
    reportingInstance: "test-node",
    action: "Do",
    reason: "Test",
    type: "Normal",
    note: "test",
    regarding: { namespace },
    series: { count: 2, lastObservedTime: "2024-01-01T00:00:00.000005Z" },
  });
  const old = await core.get("e");
  assert.deepEqual(
    [old["message"], old["reportingComponent"], at(old, "series.count")],
    ["test", "test-controller", 2],
  );
  await core.patch("e", { message: "patched" }, strategicPatch);
  assert.equal((await next.get("e"))["note"], "patched");
  const updated = await next.change("e", (object) => {
    object["series"] = { count: 100, lastObservedTime: "2024-01-01T00:00:01.000005Z" };
  });
  assert.deepEqual(updated["series"], { count: 100, lastObservedTime: "2024-01-01T00:00:01.000005Z" });
  assert.equal((await core.list({ fieldSelector: "reportingComponent=test-controller" })).items.length, 1);
  assert.equal((await next.list({ fieldSelector: "reportingController=test-controller" })).items.length, 1);
  await core.deleteCollection({ labelSelector: "testevent=true" });
  assert.equal((await next.list({}, true)).items.filter(({ metadata }) => metadata.namespace === namespace).length, 0);
}
