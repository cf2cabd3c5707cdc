import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@kubets/apimachinery";
import { memoryStore, StoreUnavailableError } from "@kubets/storage";
import { configMap, send, testServer } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, ...metadata },
  spec,
});

test("creates refuse what upstream refuses, with its words", async () => {
  const server = testServer();
  const create = (body: unknown, query = "") => send(server, "POST", `${maps}${query}`, body);
  assert.equal((await create(configMap("a"))).status, 201);
  const twice = await create(configMap("a"));
  assert.deepEqual([twice.status, twice.json.message], [409, 'configmaps "a" already exists']);
  const wrongNamespace = await create(configMap("b", {}, { namespace: "other" }));
  assert.deepEqual(
    [wrongNamespace.status, wrongNamespace.json.message],
    [400, "the namespace of the provided object does not match the namespace sent on the request"],
  );
  const ofNone = await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "n", namespace: "other" } });
  assert.deepEqual([ofNone.status, ofNone.json.metadata.namespace], [201, undefined], "a cluster's kind is of none");
  const wrongVersion = await create({ ...configMap("b"), apiVersion: "apps/v1" });
  assert.equal(
    wrongVersion.json.message,
    "the API version in the data (apps/v1) does not match the expected API version (v1)",
  );
  const nameless = await create({ apiVersion: "v1", kind: "ConfigMap", metadata: {} });
  assert.deepEqual(
    [nameless.status, nameless.json.message],
    [422, 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required'],
  );
  assert.equal((await create(configMap("Bad_Name"))).status, 422);
  const dry = await create(configMap("dry"), "?dryRun=All");
  assert.equal(dry.status, 201);
  assert.equal((await send(server, "GET", `${maps}/dry`)).status, 404);
  const badDry = await create(configMap("dry"), "?dryRun=Some");
  assert.equal(badDry.status, 422);
  const versioned = await create(configMap("c", {}, { resourceVersion: "12" }));
  assert.equal(versioned.json.message, "resourceVersion should not be set on objects to be created");
});

test("generateName makes names until one is free", async () => {
  const server = testServer();
  const names = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const created = await send(server, "POST", maps, { metadata: { generateName: "web-" } });
    assert.equal(created.status, 201, created.text);
    assert.match(created.json.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    names.add(created.json.metadata.name);
  }
  assert.equal(names.size, 20);
});

test("fieldValidation: strict refuses, warn warns, ignore is silent; unknown fields are never stored", async () => {
  const server = testServer();
  const body = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"1","a":"2"},"extra":1}';
  const strict = await send(server, "POST", `${maps}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.equal(
    strict.json.message,
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a", unknown field "extra"',
  );
  const warned = await send(server, "POST", maps, body);
  assert.equal(warned.status, 201);
  assert.deepEqual(warned.headers["warning"], [
    '299 - "duplicate field \\"data.a\\""',
    '299 - "unknown field \\"extra\\""',
  ]);
  assert.equal(warned.json.extra, undefined);
  const silent = await send(server, "POST", `${maps}?fieldValidation=Ignore`, body.replace('"x"', '"y"'));
  assert.equal(silent.headers["warning"], undefined);
});

test("an update that changes nothing is no write", async () => {
  const server = testServer();
  const created = await send(server, "POST", maps, configMap("a", { k: "v" }));
  const again = await send(server, "PUT", `${maps}/a`, configMap("a", { k: "v" }));
  assert.equal(again.status, 200, again.text);
  assert.equal(again.json.metadata.resourceVersion, created.json.metadata.resourceVersion);
});

test("an update keeps what it may not change", async () => {
  const server = testServer();
  const created = (await send(server, "POST", pods, pod("p"))).json;
  assert.equal(created.metadata.generation, 1);
  const wrongUid = await send(server, "PUT", `${pods}/p`, { ...created, metadata: { ...created.metadata, uid: "x" } });
  assert.equal(wrongUid.status, 409);
  assert.match(
    wrongUid.json.message,
    /"p": StorageError: invalid object, Code: 4, Key: \/registry\/pods\/default\/p, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object meta: [0-9a-f-]{36}$/,
  );
  const status = await send(server, "PUT", `${pods}/p/status`, {
    ...created,
    spec: { nodeName: "n" },
    status: { phase: "Running" },
  });
  assert.equal(status.status, 200, status.text);
  assert.deepEqual([status.json.spec, status.json.status], [{}, { phase: "Running" }]);
  const main = await send(server, "PUT", `${pods}/p`, pod("p", { nodeName: "n" }));
  assert.deepEqual([main.json.spec, main.json.status], [{ nodeName: "n" }, { phase: "Running" }]);
  const otherName = await send(server, "PUT", `${pods}/p`, pod("q"));
  assert.equal(otherName.json.message, "the name of the object (q) does not match the name on the URL (p)");
});

test("json, merge and strategic merge patches", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { containers: [{ name: "a", image: "1" }] }));
  const patch = (type: string, body: unknown, query = "") =>
    send(server, "PATCH", `${pods}/p${query}`, body, { headers: { "content-type": `application/${type}+json` } });
  const merged = await patch("merge-patch", { metadata: { labels: { x: "y" } } });
  assert.equal(merged.status, 200, merged.text);
  assert.deepEqual(merged.json.metadata.labels, { x: "y" });
  const strategic = await patch("strategic-merge-patch", { spec: { containers: [{ name: "b", image: "2" }] } });
  assert.deepEqual(strategic.json.spec.containers.map(({ name }: { name: string }) => name).sort(), ["a", "b"]);
  const json = await patch("json-patch", [{ op: "replace", path: "/spec/containers/0/image", value: "9" }]);
  assert.equal(json.json.spec.containers[0].image, "9");
  const failing = await patch("json-patch", [{ op: "test", path: "/spec/nodeName", value: "z" }]);
  assert.equal(failing.status, 422);
  const stale = await patch("merge-patch", { metadata: { resourceVersion: "1" } });
  assert.equal(stale.status, 409);
  const unknown = await patch("merge-patch", { spec: { foo: 1 } }, "?fieldValidation=Strict");
  assert.equal(unknown.status, 422);
  assert.match(unknown.json.message, /strict decoding error: unknown field "spec.foo"$/);
  const type = await patch("nonsense", {});
  assert.equal(type.status, 415);
  const renamed = await patch("merge-patch", { metadata: { name: "q" } });
  assert.equal(renamed.status, 400);
});

test("patches made at the same time all count", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const headers = { "content-type": "application/merge-patch+json" };
  const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
  const answers = await Promise.all(
    keys.map((key) => send(server, "PATCH", `${maps}/a`, { data: { [key]: "1" } }, { headers })),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const { json } = await send(server, "GET", `${maps}/a`);
  assert.deepEqual(Object.keys(json.data).sort(), keys.sort());
});

test("finalizers hold a deleted object until they are gone", async () => {
  const server = testServer();
  const created = (await send(server, "POST", maps, configMap("a", {}, { finalizers: ["example.com/x"] }))).json;
  const deleted = await send(server, "DELETE", `${maps}/a`);
  assert.equal(deleted.json.kind, "ConfigMap");
  assert.notEqual(deleted.json.metadata.deletionTimestamp, undefined);
  assert.equal(deleted.json.metadata.deletionGracePeriodSeconds, 0);
  const again = await send(server, "DELETE", `${maps}/a`);
  assert.equal(again.json.metadata.resourceVersion, deleted.json.metadata.resourceVersion);
  const added = {
    ...deleted.json,
    metadata: { ...deleted.json.metadata, finalizers: ["example.com/x", "example.com/y"] },
  };
  const refused = await send(server, "PUT", `${maps}/a`, added);
  assert.equal(refused.status, 422);
  assert.match(refused.json.message, /no new finalizers can be added if the object is being deleted/);
  const headers = { "content-type": "application/merge-patch+json" };
  const freed = await send(server, "PATCH", `${maps}/a`, { metadata: { finalizers: null } }, { headers });
  assert.equal(freed.status, 200, freed.text);
  assert.equal(freed.json.metadata.uid, created.metadata.uid);
  assert.equal((await send(server, "GET", `${maps}/a`)).status, 404);
});

test("propagation policies become the garbage collector's finalizers", async () => {
  const server = testServer();
  for (const [policy, finalizer] of [
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ]) {
    await send(server, "POST", maps, configMap("a"));
    const deleted = await send(server, "DELETE", `${maps}/a`, { kind: "DeleteOptions", propagationPolicy: policy });
    assert.deepEqual(deleted.json.metadata.finalizers, [finalizer]);
    const headers = { "content-type": "application/merge-patch+json" };
    await send(server, "PATCH", `${maps}/a`, { metadata: { finalizers: [] } }, { headers });
    assert.equal((await send(server, "GET", `${maps}/a`)).status, 404);
  }
});

test("grace periods: a running pod waits, a shorter one shortens, zero removes", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { nodeName: "n" }));
  const waiting = await send(server, "DELETE", `${pods}/p`);
  assert.equal(waiting.json.metadata.deletionGracePeriodSeconds, 30);
  assert.equal(waiting.json.metadata.generation, 2);
  const longer = await send(server, "DELETE", `${pods}/p?gracePeriodSeconds=60`);
  assert.equal(longer.json.metadata.resourceVersion, waiting.json.metadata.resourceVersion);
  const shorter = await send(server, "DELETE", `${pods}/p`, { gracePeriodSeconds: 5 });
  assert.equal(shorter.json.metadata.deletionGracePeriodSeconds, 5);
  const gone = await send(server, "DELETE", `${pods}/p`, { gracePeriodSeconds: 0 });
  assert.equal(gone.json.kind, "Pod");
  assert.equal((await send(server, "GET", `${pods}/p`)).status, 404);
});

test("delete preconditions and dry run", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const wrong = await send(server, "DELETE", `${maps}/a`, { preconditions: { uid: "x" } });
  assert.equal(wrong.status, 409);
  assert.match(
    wrong.json.message,
    /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) does not match/,
  );
  const dry = await send(server, "DELETE", `${maps}/a`, { dryRun: ["All"] });
  assert.equal(dry.status, 200);
  assert.equal((await send(server, "GET", `${maps}/a`)).status, 200);
  const all = await send(server, "DELETE", maps);
  assert.equal(all.json.kind, "ConfigMapList");
  assert.equal((await send(server, "GET", maps)).json.items.length, 0);
});

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

test("scale reads and writes replicas", async () => {
  const server = testServer();
  await send(server, "POST", pods, pod("p", { replicas: 2 }));
  const scale = (await send(server, "GET", `${pods}/p/scale`)).json;
  assert.deepEqual([scale.kind, scale.spec], ["Scale", { replicas: 2 }]);
  const headers = { "content-type": "application/merge-patch+json" };
  const patched = await send(server, "PATCH", `${pods}/p/scale`, { spec: { replicas: 5 } }, { headers });
  assert.deepEqual(patched.json.spec, { replicas: 5 }, patched.text);
  const put = await send(server, "PUT", `${pods}/p/scale`, { ...patched.json, spec: {} });
  assert.equal(put.status, 200, put.text);
  assert.equal((await send(server, "GET", `${pods}/p`)).json.spec.replicas, 0);
  const negative = await send(server, "PUT", `${pods}/p/scale`, { ...patched.json, spec: { replicas: -1 } });
  assert.equal(negative.status, 422);
  const nameless = await send(server, "PUT", `${pods}/p/scale`, { spec: { replicas: 1 } });
  assert.match(nameless.json.message, /the name of the object \(p based on URL\) was undeterminable/);
  const other = await send(server, "PUT", `${pods}/p/scale`, pod("p", { replicas: 2 }));
  assert.deepEqual([other.status, other.json.reason], [400, "BadRequest"], other.text);
});

test("hostile bodies are refused with a Status and harm nothing", async () => {
  const server = testServer();
  const post = (body: string) => send(server, "POST", maps, body);
  assert.equal((await post("{")).status, 400);
  assert.equal((await post("[]")).status, 400);
  assert.equal((await post("")).status, 400);
  assert.equal((await post("null")).status, 400);
  assert.equal((await post(`{"metadata":${"[".repeat(100_000)}`)).status, 400);
  assert.equal((await post(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)).status, 400);
  assert.equal((await post('{"metadata":"x"}')).status, 400);
  assert.equal((await post('{"metadata":{"name":["x"]}}')).json.kind, "Status");
  const polluting = await post(
    '{"metadata":{"name":"p"},"data":{"__proto__":"x","constructor":"y"},"__proto__":{"z":1}}',
  );
  assert.equal(({} as Record<string, unknown>)["z"], undefined);
  assert.ok(polluting.status === 201 || polluting.status === 400 || polluting.status === 422);
  assert.equal((await send(server, "GET", "/api/v1/namespaces/%zz/configmaps")).status, 400);
  assert.equal((await send(server, "GET", `${maps}?limit=abc`)).status, 400);
  assert.equal((await send(server, "GET", `${maps}?continue=abc`)).status, 400);
  assert.equal((await send(server, "GET", `${maps}?resourceVersion=-4`)).status, 400);
  assert.equal((await send(server, "GET", "/api/v1/__proto__")).status, 404);
  assert.equal((await send(server, "BREW", maps)).status, 405);
});

test("an object cannot grow without end", async () => {
  const server = testServer();
  await send(server, "POST", maps, configMap("a"));
  const headers = { "content-type": "application/merge-patch+json" };
  const add = (key: string) =>
    send(server, "PATCH", `${maps}/a`, { data: { [key]: "x".repeat(700_000) } }, { headers });
  assert.equal((await add("one")).status, 200);
  assert.equal((await add("two")).status, 200);
  const refused = await add("three");
  assert.deepEqual([refused.status, refused.json.reason], [413, "RequestEntityTooLarge"]);
  const { json } = await send(server, "GET", `${maps}/a`);
  assert.deepEqual(Object.keys(json.data), ["one", "two"]);
});

test("a store that cannot write is 503, with its own sentence", async () => {
  const store = memoryStore();
  const full = { commit: () => Promise.reject(new StoreUnavailableError("the disk is full; free some space")) };
  const broken = new Proxy(store, {
    get: (target, name) => {
      if (name === "commit") return full.commit;
      const found = Reflect.get(target, name, target) as unknown;
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
  const refused = await send(testServer({ store: broken }), "POST", maps, configMap("a"));
  assert.deepEqual(
    [refused.status, refused.json.reason, refused.json.message, refused.headers["retry-after"]],
    [503, "ServiceUnavailable", "the disk is full; free some space", "5"],
  );
});

test("a handler that throws nonsense is a 500, and is logged", async () => {
  const logged: unknown[] = [];
  const logger = { ...silentLogger, error: (message: string) => void logged.push(message) };
  const server = testServer({
    logger,
    nonResource: [
      () => {
        throw new TypeError("oops");
      },
    ],
  });
  const failed = await send(server, "GET", "/version");
  assert.deepEqual([failed.status, failed.json.message], [500, "Internal error occurred: oops"]);
  assert.deepEqual(logged, ["a request failed unexpectedly"]);
});

test("too many requests at once are 429, watches apart", async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const server = testServer({
    inFlight: { reading: 1, mutating: 1 },
    authenticator: { authenticate: async () => ({ name: "anyone", groups: [] }) },
    authorizer: {
      authorize: async () => {
        await gate;
        return { decision: "Allow", reason: "" };
      },
    },
  });
  const first = send(server, "GET", maps);
  await new Promise((resolve) => setImmediate(resolve));
  const second = await send(server, "GET", maps);
  assert.deepEqual(
    [second.status, second.headers["retry-after"], second.text],
    [429, "1", "Too many requests, please try again later.\n"],
  );
  release();
  assert.equal((await first).status, 200);
});

test("who may not is told so as upstream tells it", async () => {
  const server = testServer({ authorizer: { authorize: () => ({ decision: "NoOpinion", reason: "because" }) } });
  const refused = await send(server, "GET", `${pods}/p/status`);
  assert.deepEqual(refused.json, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message:
      'pods "p" is forbidden: User "admin" cannot get resource "pods/status" in API group "" in the namespace "default": because',
    reason: "Forbidden",
    details: { name: "p", kind: "pods" },
    code: 403,
  });
  const path = await send(server, "GET", "/metrics");
  assert.equal(path.json.message, 'forbidden: User "admin" cannot get path "/metrics": because');
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
