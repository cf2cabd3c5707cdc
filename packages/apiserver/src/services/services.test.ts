import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { ConflictError, memoryStore } from "@kubets/storage";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { nodePortsKey } from "./node-ports.ts";

const services = "/api/v1/namespaces/default/services";
const service = (name: string, spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { ports: [{ port: 80 }], selector: { app: name }, ...spec },
});
const mergePatch = { headers: { "content-type": "application/merge-patch+json" } };

test("a Service gets an address, keeps it, and gives it back", async () => {
  const server = realServer();
  const created = await send(server, "POST", services, service("a"));
  assert.equal(created.status, 201, created.text);
  const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy, type } = created.json.spec;
  assert.match(clusterIP, /^10\.96\.0\.\d+$/);
  assert.deepEqual([clusterIPs, ipFamilies, ipFamilyPolicy, type], [[clusterIP], ["IPv4"], "SingleStack", "ClusterIP"]);
  const taken = await send(server, "POST", services, service("b", { clusterIP }));
  assert.equal(taken.status, 422);
  assert.equal(
    taken.json.message,
    `Service "b" is invalid: spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: provided IP is already allocated`,
  );
  const outside = await send(server, "POST", services, service("b", { clusterIP: "10.0.0.1" }));
  assert.match(
    outside.json.message,
    /failed to allocate IP 10\.0\.0\.1: the provided network does not match the current range$/,
  );
  const updated = await send(server, "PUT", `${services}/a`, service("a", { sessionAffinity: "ClientIP" }));
  assert.equal(updated.json.spec.clusterIP, clusterIP, updated.text);
  await send(server, "DELETE", `${services}/a`);
  assert.equal((await send(server, "POST", services, service("b", { clusterIP }))).status, 201);
});

test("headless and external Services get none", async () => {
  const server = realServer();
  const headless = await send(server, "POST", services, service("h", { clusterIP: "None" }));
  assert.deepEqual(headless.json.spec.clusterIPs, ["None"], headless.text);
  const external = await send(server, "POST", services, {
    metadata: { name: "e" },
    spec: { type: "ExternalName", externalName: "example.com" },
  });
  assert.equal(external.status, 201, external.text);
  assert.equal(external.json.spec.clusterIP, undefined);
});

test("node ports: any, a certain one, and not twice", async () => {
  const server = realServer();
  const any = await send(server, "POST", services, service("a", { type: "NodePort" }));
  const [{ nodePort }] = any.json.spec.ports;
  assert.ok(nodePort >= 30000 && nodePort <= 32767, any.text);
  const twice = await send(
    server,
    "POST",
    services,
    service("b", { type: "NodePort", ports: [{ port: 80, nodePort }] }),
  );
  assert.equal(
    twice.json.message,
    `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
  );
  const range = await send(
    server,
    "POST",
    services,
    service("b", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }),
  );
  assert.match(
    range.json.message,
    /provided port is not in the valid range\. The range of valid ports is 30000-32767$/,
  );
  const back = await send(server, "PATCH", `${services}/a`, { spec: { type: "ClusterIP" } }, mergePatch);
  assert.equal(back.json.spec.ports[0].nodePort, undefined, back.text);
  const free = await send(
    server,
    "POST",
    services,
    service("b", { type: "NodePort", ports: [{ port: 80, nodePort }] }),
  );
  assert.equal(free.status, 201, free.text);
});

test("many at once get their node ports, though a write takes time", async () => {
  const store = memoryStore();
  const commit = store.commit.bind(store);
  let writing = false;
  store.commit = async (write) => {
    // As on a disk: what is on its way conflicts and is not yet read.
    if (write.key !== nodePortsKey) return await commit(write);
    if (writing) throw new ConflictError(write.key, 0, undefined);
    writing = true;
    await new Promise((resolve) => setImmediate(resolve));
    writing = false;
    return await commit(write);
  };
  const server = realServer({ store });
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, i) => send(server, "POST", services, service(`n${i}`, { type: "NodePort" }))),
  );
  const ports = replies.map(({ json }) => json.spec?.ports[0].nodePort);
  assert.equal(new Set(ports).size, 40);
});

test("a refused create takes nothing, nor does a dry run; a full range says so", async () => {
  const server = realServer({ serviceCidrs: ["10.96.0.0/29"] });
  for (let i = 0; i < 10; i++) {
    const bad = await send(server, "POST", services, service("bad", { ports: [{ port: 0 }] }));
    assert.equal(bad.status, 422);
    const dry = await send(server, "POST", `${services}?dryRun=All`, service("dry"));
    assert.equal(dry.status, 201, dry.text);
  }
  for (let i = 0; i < 6; i++) assert.equal((await send(server, "POST", services, service(`s${i}`))).status, 201);
  const full = await send(server, "POST", services, service("one-more"));
  assert.deepEqual(
    [full.status, full.json.message],
    [500, "Internal error occurred: failed to allocate a serviceIP: range is full"],
  );
});

test("what is stored is taken after a restart", async () => {
  const store = memoryStore();
  const { clusterIP } = (await send(realServer({ store }), "POST", services, service("a"))).json.spec;
  const again = realServer({ store });
  const taken = await send(again, "POST", services, service("b", { clusterIP }));
  assert.equal(taken.status, 422);
});

test("an address is an IPAddress that says whose it is, and goes with its Service", async () => {
  const server = realServer();
  const created = await send(server, "POST", services, { ...service(""), metadata: { generateName: "gen-" } });
  assert.equal(created.status, 201, created.text);
  const { name } = created.json.metadata;
  const path = `/apis/networking.k8s.io/v1/ipaddresses/${created.json.spec.clusterIP}`;
  const address = (await send(server, "GET", path)).json;
  assert.deepEqual(address.spec.parentRef, { group: "", resource: "services", namespace: "default", name });
  assert.deepEqual(address.metadata.labels, {
    "ipaddress.kubernetes.io/ip-family": "IPv4",
    "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
  });
  await send(server, "DELETE", `${services}/${name}`);
  assert.equal((await send(server, "GET", path)).status, 404);
});

test("servers that share a store give nothing out twice", async () => {
  const store = memoryStore();
  const servers = [realServer({ store }), realServer({ store })];
  const made = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      send(servers[i % 2]!, "POST", services, service(`s${i}`, { type: "NodePort" })),
    ),
  );
  for (const { status, text } of made) assert.equal(status, 201, text);
  assert.equal(new Set(made.map(({ json }) => json.spec.clusterIP)).size, 40);
  assert.equal(new Set(made.map(({ json }) => json.spec.ports[0].nodePort)).size, 40);
  const { value } = (await store.get("/registry/ranges/servicenodeports"))!;
  const { range, data } = JSON.parse(Buffer.from(value).toString());
  assert.equal(range, "30000-32767");
  const bits = [...Buffer.from(data, "base64")].reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll("0", "").length,
    0,
  );
  assert.equal(bits, 40);
});

test("a ServiceCIDR adds addresses; what nobody holds is given back in time", async () => {
  const clock = new VirtualClock();
  const server = realServer({ serviceCidrs: ["10.96.0.0/30"], clock });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  for (const name of ["a", "b"]) assert.equal((await send(server, "POST", services, service(name))).status, 201);
  assert.equal((await send(server, "POST", services, service("c"))).status, 500);
  const more = { metadata: { name: "more" }, spec: { cidrs: ["10.97.0.0/24"] } };
  assert.equal((await send(server, "POST", "/apis/networking.k8s.io/v1/servicecidrs", more)).status, 201);
  const third = await send(server, "POST", services, service("c"));
  assert.match(third.json.spec.clusterIP, /^10\.97\.0\./, third.text);
  const parentRef = { group: "", resource: "services", namespace: "default", name: "never-made" };
  const free = third.json.spec.clusterIP === "10.97.0.200" ? "10.97.0.201" : "10.97.0.200";
  const orphan = { metadata: { name: free }, spec: { parentRef } };
  assert.equal((await send(server, "POST", "/apis/networking.k8s.io/v1/ipaddresses", orphan)).status, 201);
  await clock.advance(181_000);
  const left = await send(server, "GET", "/apis/networking.k8s.io/v1/ipaddresses");
  const names = left.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name).sort();
  assert.deepEqual(names, ["10.96.0.1", "10.96.0.2", third.json.spec.clusterIP]);
  stop.abort();
  await running;
});

test("the default ServiceCIDR is there and ready", async () => {
  const server = realServer();
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  const { spec, status } = (await send(server, "GET", "/apis/networking.k8s.io/v1/servicecidrs/kubernetes")).json;
  assert.deepEqual(spec, { cidrs: ["10.96.0.0/24"] });
  assert.deepEqual(
    status.conditions.map(({ lastTransitionTime: _, ...rest }: { lastTransitionTime: string }) => rest),
    [{ type: "Ready", status: "True", reason: "", message: "Kubernetes default Service CIDR is ready" }],
  );
  stop.abort();
  await running;
});

test("the default namespaces and the kubernetes Service are there when the server is ready", async () => {
  const server = realServer({ advertiseAddress: "192.0.2.1" });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  const names = (await send(server, "GET", "/api/v1/namespaces")).json.items.map(
    ({ metadata }: { metadata: { name: string } }) => metadata.name,
  );
  assert.deepEqual(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
  stop.abort();
  await running;
});
