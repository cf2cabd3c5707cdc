import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resource } from "@kubets/api";
import * as build from "./request-builder.ts";

const pods: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };
const nodes: Resource = { group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false };
const deployments: Resource = {
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
};

test("paths", () => {
  const table: [Resource, build.Target, string][] = [
    [pods, {}, "/api/v1/pods"],
    [pods, { namespace: "x" }, "/api/v1/namespaces/x/pods"],
    [pods, { namespace: "x", name: "a/b" }, "/api/v1/namespaces/x/pods/a%2Fb"],
    [nodes, { name: "n" }, "/api/v1/nodes/n"],
    [nodes, { namespace: "ignored", name: "n", subresource: "proxy/metrics" }, "/api/v1/nodes/n/proxy/metrics"],
    [
      deployments,
      { namespace: "x", name: "y", subresource: "scale" },
      "/apis/apps/v1/namespaces/x/deployments/y/scale",
    ],
  ];
  for (const [resource, target, want] of table) assert.equal(build.resourcePath(resource, target), want);
});

test("a path that would address something else is refused", () => {
  assert.throws(() => build.resourcePath(pods, { name: "a" }), /empty namespace/);
  assert.throws(() => build.resourcePath(pods, { namespace: "x", name: "" }), /name may not be empty/);
});

test("options become query and body", () => {
  const list = build.listRequest(pods, {}, { labelSelector: "app=web", limit: 5, continue: "" });
  assert.equal(build.queryString(list.query), "?labelSelector=app%3Dweb&limit=5");
  const watch = build.watchRequest(pods, {}, { resourceVersion: "7", allowWatchBookmarks: true });
  assert.equal(build.queryString(watch.query), "?allowWatchBookmarks=true&resourceVersion=7&watch=true");
  const patch = build.patchRequest(
    pods,
    { namespace: "x", name: "y" },
    "application/apply-patch+yaml",
    {},
    {
      fieldManager: "me",
      force: true,
      dryRun: true,
      subresource: "status",
    },
  );
  assert.equal(patch.path, "/api/v1/namespaces/x/pods/y/status");
  assert.deepEqual(patch.query, { fieldManager: "me", force: "true", dryRun: "All" });
  const del = build.deleteRequest(
    pods,
    { namespace: "x", name: "y" },
    { preconditions: { uid: "u" }, gracePeriodSeconds: 0 },
  );
  assert.deepEqual(del.body, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    gracePeriodSeconds: 0,
    preconditions: { uid: "u" },
  });
  assert.deepEqual(del.query, {});
});
