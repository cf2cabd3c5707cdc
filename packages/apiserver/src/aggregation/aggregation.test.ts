import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { after, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { APIService } from "@kubets/api";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { type ClusterCertificates, ensureClusterCertificates } from "../certificates/cluster-certificates.ts";
import { createKubeApiServer } from "../kube-apiserver.ts";
import type { ServerRequest } from "../request/request.ts";
import type { ApiServer } from "../server.ts";
import { type HookServer, hookServer } from "../testing/hook-server.ts";
import { type Reply, requestOf, type SendOptions } from "../testing/server.ts";

const directory = mkdtempSync(join(tmpdir(), "kubets-aggregation-"));
const stop = new AbortController();
let certificates: ClusterCertificates;
let server: ApiServer;
let running: Promise<void>;
let backend: HookServer;
const asked: { method: string; url: string; body: string; headers: IncomingMessage["headers"]; client: string }[] = [];

const group = "sample.example.com";
const resources = {
  kind: "APIResourceList",
  groupVersion: `${group}/v1`,
  resources: [
    { name: "flunders", singularName: "flunder", namespaced: true, kind: "Flunder", verbs: ["get", "list"] },
    { name: "flunders/status", singularName: "", namespaced: true, kind: "Flunder", verbs: ["get"] },
  ],
};

before(async () => {
  const names = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };
  certificates = await ensureClusterCertificates({ directory, clock: realClock, ...names });
  backend = await hookServer(
    (request, body, response) => {
      const { method = "", url = "", headers } = request;
      const client = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "";
      asked.push({ method, url, body, headers, client: String(client) });
      if (url === `/apis/${group}/v1`) return resources;
      if (url === "/openapi/v3")
        return { paths: { [`apis/${group}/v1`]: { serverRelativeURL: "/openapi/v3/x?hash=1" } } };
      if (url.startsWith(`/openapi/v3/apis/${group}`)) return { openapi: "3.0.0" };
      if (url === "/openapi/v2") {
        const flunder = { $ref: "#/definitions/Flunder" };
        const paths = {
          [`/apis/${group}/v1/flunders`]: { get: { responses: { 200: { schema: flunder } } } },
          "/apis/other/v1/x": {},
        };
        return { swagger: "2.0", paths, definitions: { Flunder: { type: "object" }, Unused: {} } };
      }
      if (url.includes("watch=true")) {
        response.writeHead(200, { "content-type": "application/json" });
        response.write('{"type":"ADDED"}\n');
        setImmediate(() => response.end('{"type":"MODIFIED"}\n'));
        return undefined;
      }
      if (url.includes("/flunders/elsewhere")) {
        response.writeHead(302, { location: "https://elsewhere.example/" }).end();
        return undefined;
      }
      if (url.includes("/flunders")) return { kind: "FlunderList", got: body.length };
      response.writeHead(404).end("nothing here");
      return undefined;
    },
    {
      dnsNames: ["agg.default.svc"],
      clientCA: certificates.frontProxyCA.certificate,
      onUpgrade: (request, socket) => {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n");
        const protocols = request.headers["sec-websocket-protocol"];
        socket.write(`hello ${String(request.headers["x-remote-user"])}, ${String(protocols)}`);
        socket.on("data", (chunk) => socket.end(chunk));
      },
    },
  );
  const made = await createKubeApiServer(
    {
      store: memoryStore(),
      certificates,
      serviceCIDR: "10.96.0.0/24",
      advertiseAddress: "10.0.0.1",
      clusterDomain: "cluster.local",
      clock: realClock,
      random: realRandom,
      logger: silentLogger,
    },
    stop.signal,
  );
  server = made.server;
  running = server.start(stop.signal);
  await server.ready;
});

after(async () => {
  stop.abort();
  backend.close();
  await running;
  rmSync(directory, { recursive: true, force: true });
});

const user = {
  name: "jane",
  uid: "u1",
  groups: ["system:masters", "dev"],
  extra: { "example.com/a b": ["x", "y"] },
};

async function send(method: string, url: string, body?: unknown, options: SendOptions = {}): Promise<Reply> {
  return await answered({ ...requestOf(method, url, body, options), user });
}

async function answered(request: ServerRequest): Promise<Reply> {
  const { status, headers, body } = await server.handle(request);
  let text = "";
  if (body.type === "bytes") text = Buffer.from(body.bytes).toString();
  if (body.type === "list") text = Buffer.concat(body.list.chunks).toString();
  if (body.type === "stream") for await (const chunk of body.stream) text += Buffer.from(chunk).toString();
  const json = text.startsWith("{") && !text.includes("\n") ? JSON.parse(text) : undefined;
  return { status, headers, text, json };
}

const path = "/apis/apiregistration.k8s.io/v1/apiservices";

async function conditionOf(name: string, reason: string): Promise<NonNullable<APIService["status"]>["conditions"]> {
  for (let i = 0; i < 2000; i++) {
    const { json } = await send("GET", `${path}/${name}`);
    const conditions = json?.status?.conditions;
    if (conditions?.[0]?.reason === reason) return conditions;
    await realClock.sleep(10);
  }
  const { json } = await send("GET", `${path}/${name}`);
  assert.fail(`${name} never had reason ${reason}: ${JSON.stringify(json?.status)}`);
}

test("the groups this server answers have APIServices, which are available", async () => {
  const { json } = await send("GET", path);
  const names = json.items.map(({ metadata }: APIService) => metadata?.name);
  for (const name of ["v1.", "v1.apps", "v2.autoscaling", "v1.rbac.authorization.k8s.io"])
    assert.ok(names.includes(name));
  assert.ok(!names.includes("v1.apiregistration.k8s.io"));
  const [condition] = (await conditionOf("v1.apps", "Local")) ?? [];
  assert.deepEqual([condition?.status, condition?.message], ["True", "Local APIServices are always available"]);
  const apps = (await send("GET", `${path}/v1.apps`)).json;
  assert.deepEqual(apps.spec, { group: "apps", groupPriorityMinimum: 17800, version: "v1", versionPriority: 15 });
  assert.equal(apps.metadata.labels["kube-aggregator.kubernetes.io/automanaged"], "onstart");
});

test("aggregated servers are told whom to trust, again when someone changes it", async () => {
  const url = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
  const { data } = (await send("GET", url)).json;
  assert.equal(data["client-ca-file"], certificates.ca.certificate);
  assert.equal(data["requestheader-client-ca-file"], certificates.frontProxyCA.certificate);
  assert.deepEqual(
    ["allowed-names", "username-headers", "uid-headers", "group-headers", "extra-headers-prefix"].map(
      (key) => data[`requestheader-${key}`],
    ),
    ['["front-proxy-client"]', '["X-Remote-User"]', '["X-Remote-Uid"]', '["X-Remote-Group"]', '["X-Remote-Extra-"]'],
  );
  await send(
    "PATCH",
    url,
    { data: { "client-ca-file": "" } },
    { headers: { "content-type": "application/merge-patch+json" } },
  );
  for (let i = 0; i < 2000; i++) {
    const now = (await send("GET", url)).json.data["client-ca-file"];
    if (now === certificates.ca.certificate) return;
    await realClock.sleep(10);
  }
  assert.fail("it was not put right");
});

const name = `v1.${group}`;

test("an APIService whose Service is not there, or has no endpoints, is not available", async () => {
  const spec = {
    group,
    version: "v1",
    groupPriorityMinimum: 2000,
    versionPriority: 200,
    service: { namespace: "default", name: "agg", port: backend.port },
    caBundle: backend.caBundle,
  };
  const made = await send("POST", path, { metadata: { name }, spec });
  assert.equal(made.status, 201, made.text);
  const [missing] = (await conditionOf(name, "ServiceNotFound")) ?? [];
  assert.deepEqual([missing?.status, missing?.message], ["False", 'service/agg in "default" is not present']);
  const services = "/api/v1/namespaces/default/services";
  const ports = [{ port: backend.port, name: "https" }];
  await send("POST", services, { metadata: { name: "agg" }, spec: { ports } });
  const [alone] = (await conditionOf(name, "EndpointsNotFound")) ?? [];
  assert.equal(alone?.message, 'cannot find endpointslices for service/agg in "default"');
  const refused = await send("GET", `/apis/${group}/v1/flunders`);
  assert.deepEqual([refused.status, refused.text], [503, "service unavailable\n"]);
  await send("DELETE", `${services}/agg`);
  await send("POST", services, {
    metadata: { name: "agg" },
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  const [passed] = (await conditionOf(name, "Passed")) ?? [];
  assert.deepEqual([passed?.status, passed?.message], ["True", "all checks passed"]);
});

test("requests are passed on with the user's identity, streams as they come", async () => {
  const listed = await send("GET", `/apis/${group}/v1/namespaces/default/flunders?limit=5`, undefined, {
    headers: { authorization: "Bearer secret", "x-remote-user": "admin", "x-custom": "1" },
  });
  assert.deepEqual([listed.status, listed.json], [200, { kind: "FlunderList", got: 0 }]);
  // Among what it is asked are the checks of its availability.
  const { headers, client } = asked.find(({ url }) => url === `/apis/${group}/v1/namespaces/default/flunders?limit=5`)!;
  assert.deepEqual([headers["x-remote-user"], headers["x-remote-uid"]], ["jane", "u1"]);
  assert.equal(headers["x-remote-group"], "system:masters, dev");
  assert.equal(headers["x-remote-extra-example.com%2fa%20b"], "x, y");
  assert.deepEqual([headers.authorization, headers["x-custom"], client], [undefined, "1", "front-proxy-client"]);
  const posted = await send("POST", `/apis/${group}/v1/namespaces/default/flunders`, "x".repeat(5_000_000));
  assert.equal(posted.json.got, 5_000_000);
  const watched = await send("GET", `/apis/${group}/v1/flunders?watch=true`);
  assert.equal(watched.text, '{"type":"ADDED"}\n{"type":"MODIFIED"}\n');
  assert.deepEqual([(await send("GET", `/apis/${group}/v1`)).json.groupVersion], [`${group}/v1`]);
});

test("a redirect is not passed back: who follows it would tell another server who they are", async () => {
  const { status, text } = await send("GET", `/apis/${group}/v1/namespaces/x/flunders/elsewhere`);
  assert.deepEqual([status, text], [502, "the backend attempted to redirect this request, which is not permitted"]);
});

test("callers in this process have them too", async () => {
  const transport = server.transport(user);
  const flunders = { method: "GET", path: `/apis/${group}/v1/flunders` } as const;
  assert.deepEqual(await transport.request({ ...flunders, query: {} }), { kind: "FlunderList", got: 0 });
  const types: string[] = [];
  for await (const { type } of transport.watch({ ...flunders, query: { watch: "true" } })) types.push(type);
  assert.deepEqual(types, ["ADDED", "MODIFIED"]);
});

test("an upgraded connection is joined to the server's", async () => {
  const [client, socket] = duplexPair();
  let received = "";
  client.on("data", (chunk) => {
    received += chunk;
    if (String(chunk).includes("hello")) client.write("bye");
  });
  const request = requestOf("GET", `/apis/${group}/v1/namespaces/default/flunders/x/exec`, undefined, {
    headers: {
      connection: "Upgrade",
      upgrade: "SPDY/3.1",
      "sec-websocket-protocol": "v5.x, base64url.bearer.authorization.k8s.io.c2VjcmV0",
    },
  });
  await server.handle({ ...request, user, upgrade: { socket, head: new Uint8Array() } });
  assert.match(received, /^HTTP\/1.1 101 Switching Protocols\r\n[\s\S]*hello jane, v5\.x/);
  assert.doesNotMatch(received, /bearer/);
  assert.match(received, /bye$/);
});

test("what it serves is discovered with the rest", async () => {
  const { groups } = (await send("GET", "/apis")).json;
  const own = groups.findIndex(({ name: each }: { name: string }) => each === group);
  assert.equal(own, groups.length - 1);
  assert.deepEqual(groups[own].versions, [{ groupVersion: `${group}/v1`, version: "v1" }]);
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  let item:
    | { versions: { freshness: string; resources: { resource: string; subresources: object[] }[] }[] }
    | undefined;
  for (let i = 0; i < 2000 && item?.versions[0]?.freshness !== "Current"; i++) {
    const { json } = await send("GET", "/apis", undefined, { headers: { accept } });
    item = json.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === group);
    if (item?.versions[0]?.freshness !== "Current") await realClock.sleep(10);
  }
  assert.equal(item?.versions[0]?.resources[0]?.resource, "flunders");
  assert.equal(item?.versions[0]?.resources[0]?.subresources.length, 1);
  const index = (await send("GET", "/openapi/v3")).json;
  assert.ok(index.paths[`apis/${group}/v1`] !== undefined && index.paths["apis/apps/v1"] !== undefined);
  assert.deepEqual((await send("GET", `/openapi/v3/apis/${group}/v1`)).json, { openapi: "3.0.0" });
  const swagger = (await send("GET", "/openapi/v2")).json;
  assert.ok(
    swagger.paths[`/apis/${group}/v1/flunders`] !== undefined && swagger.paths["/apis/other/v1/x"] === undefined,
  );
  assert.ok(swagger.definitions.Flunder !== undefined && swagger.definitions.Unused === undefined);
  const asProtobuf = { accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" };
  const protobuf = await send("GET", "/openapi/v2", undefined, { headers: asProtobuf });
  assert.ok(protobuf.text.includes(`/apis/${group}/v1/flunders`));
  assert.ok(swagger.paths["/apis/apps/v1/"] !== undefined || swagger.paths["/api/v1/pods"] !== undefined);
});

test("when it cannot be reached the answer says so, and it is gone when its APIService is", async () => {
  backend.close();
  const { status, text } = await send("GET", `/apis/${group}/v1/flunders`);
  assert.equal(status, 503);
  assert.match(text, /^error trying to reach service: (?:dial tcp .*: connect: connection refused|EOF)\n$/);
  await send("DELETE", `${path}/${name}`);
  assert.equal((await send("GET", `/apis/${group}/v1/flunders`)).status, 404);
});

test("custom resources have APIServices for as long as their definition serves them", async () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const schema = { openAPIV3Schema: { type: "object" } };
  const made = await send("POST", definitions, {
    metadata: { name: "things.custom.example.com" },
    spec: {
      group: "custom.example.com",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
  assert.equal(made.status, 201, made.text);
  const service = "v1.custom.example.com";
  await conditionOf(service, "Local");
  const { spec, metadata } = (await send("GET", `${path}/${service}`)).json;
  assert.deepEqual([spec.groupPriorityMinimum, spec.versionPriority], [1000, 100]);
  assert.equal(metadata.labels["kube-aggregator.kubernetes.io/automanaged"], "true");
  await send("DELETE", `${path}/${service}`);
  await conditionOf(service, "Local");
  await send("DELETE", `${definitions}/things.custom.example.com`);
  for (let i = 0; i < 2000; i++) {
    if ((await send("GET", `${path}/${service}`)).status === 404) return;
    await realClock.sleep(10);
  }
  assert.fail("the APIService outlived its definition");
});
