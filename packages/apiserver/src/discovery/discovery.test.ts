import assert from "node:assert/strict";
import { test } from "node:test";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { compareVersions } from "./resource-list.ts";

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

test("versions are in upstream's order", () => {
  const versions = ["v1beta1", "foo", "v2", "v1", "v10", "v1alpha1", "v2beta1", "v1beta2"];
  assert.deepEqual(versions.sort(compareVersions), [
    "v10",
    "v2",
    "v1",
    "v2beta1",
    "v1beta2",
    "v1beta1",
    "v1alpha1",
    "foo",
  ]);
});

test("the old documents", async () => {
  const server = realServer();
  const get = async (url: string) => (await send(server, "GET", url)).json;
  assert.deepEqual((await get("/api")).versions, ["v1"]);
  const groups = (await get("/apis")).groups.map(({ name }: { name: string }) => name);
  assert.deepEqual(groups.slice(0, 2), ["apiregistration.k8s.io", "apps"]);
  const autoscaling = await get("/apis/autoscaling");
  assert.deepEqual(autoscaling.preferredVersion, { groupVersion: "autoscaling/v2", version: "v2" });
  const { kind, groupVersion, resources } = await get("/apis/apps/v1");
  assert.deepEqual([kind, groupVersion], ["APIResourceList", "apps/v1"]);
  const scale = resources.find(({ name }: { name: string }) => name === "deployments/scale");
  assert.deepEqual(scale, {
    name: "deployments/scale",
    singularName: "",
    namespaced: true,
    group: "autoscaling",
    version: "v1",
    kind: "Scale",
    verbs: ["get", "patch", "update"],
  });
  const pods = (await get("/api/v1")).resources.find(({ name }: { name: string }) => name === "pods");
  assert.deepEqual(pods.shortNames, ["po"]);
  assert.equal(pods.storageVersionHash, "xPOwRZ+Yhw8=");
  const hashOf = async (path: string) => (await get(path)).resources[0].storageVersionHash;
  assert.equal(await hashOf("/apis/autoscaling/v1"), "qwQve8ut294=", "what is stored is v2");
  assert.equal(await hashOf("/apis/autoscaling/v2"), "qwQve8ut294=");
  assert.equal(await hashOf("/apis/events.k8s.io/v1"), "r2yiGXH7wu8=", "stored as core's");
  assert.equal((await send(server, "GET", "/apis/nothing.io")).status, 404);
});

test("the aggregated document, and its ETag", async () => {
  const server = realServer();
  const first = await send(server, "GET", "/apis", undefined, { headers: { accept: aggregated } });
  assert.equal(first.headers["content-type"], "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const apps = first.json.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === "apps");
  const deployments = apps.versions[0].resources.find(
    ({ resource }: { resource: string }) => resource === "deployments",
  );
  assert.equal(deployments.scope, "Namespaced");
  assert.deepEqual(
    deployments.subresources.map(({ subresource }: { subresource: string }) => subresource),
    ["scale", "status"],
  );
  const etag = String(first.headers["etag"]);
  const again = await send(server, "GET", "/apis", undefined, {
    headers: { accept: aggregated, "if-none-match": etag },
  });
  assert.deepEqual([again.status, again.text], [304, ""]);
  server.resources.remove({ group: "apps", version: "v1", plural: "deployments" });
  const changed = await send(server, "GET", "/apis", undefined, {
    headers: { accept: aggregated, "if-none-match": etag },
  });
  assert.equal(changed.status, 200);
});

test("OpenAPI, version, health and metrics", async () => {
  const server = realServer();
  const index = await send(server, "GET", "/openapi/v3");
  const { serverRelativeURL } = index.json.paths["apis/apps/v1"];
  const document = await send(server, "GET", serverRelativeURL);
  assert.equal(document.status, 200);
  assert.match(String(document.headers["cache-control"]), /immutable/);
  assert.equal((await send(server, "GET", "/openapi/v3/apis/apps/v1?hash=old")).status, 301);
  const version = (await send(server, "GET", "/version")).json;
  assert.deepEqual([version.major, version.minor, version.gitVersion], ["1", "36", "v1.36.0"]);
  assert.equal((await send(server, "GET", "/livez")).text, "ok");
  assert.ok((await send(server, "GET", "/")).json.paths.includes("/apis/apps/v1"));
  assert.equal((await send(server, "GET", "/readyz")).status, 500);
  assert.match((await send(server, "GET", "/livez?verbose")).text, /^\[\+\]ping ok\n/);
  const metrics = await send(server, "GET", "/metrics");
  assert.match(metrics.text, /^apiserver_request_total\{.*code="200".*\} \d+$/m);
  await server.context.store.close();
  const sick = await send(server, "GET", "/livez?verbose");
  assert.equal(sick.status, 500);
  assert.match(sick.text, /^\[-\]etcd failed: reason withheld$/m);
});
