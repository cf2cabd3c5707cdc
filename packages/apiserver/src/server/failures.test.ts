import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@kubets/apimachinery";
import { memoryStore, StoreUnavailableError } from "@kubets/storage";
import { configMap, send, testServer } from "../testing/server.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";

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

test("what is null is not said, as Go reads it", async () => {
  const server = testServer();
  const created = await send(server, "POST", maps, { kind: null, apiVersion: null, metadata: { name: "a" } });
  assert.deepEqual([created.status, created.json.kind, created.json.apiVersion], [201, "ConfigMap", "v1"]);
  const deleted = await send(server, "DELETE", `${maps}/a`, { kind: null, apiVersion: null, preconditions: null });
  assert.equal(deleted.status, 200, deleted.text);
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
