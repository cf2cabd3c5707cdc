import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequestInfo } from "./parse-request-info.ts";

/** method, URL -> verb, group/version, namespace, resource, subresource, name */
const cases: readonly (readonly [string, string, string, string, string, string, string, string])[] = [
  ["GET", "/api/v1/namespaces", "list", "/v1", "", "namespaces", "", ""],
  ["GET", "/api/v1/namespaces/x", "get", "/v1", "x", "namespaces", "", "x"],
  ["PUT", "/api/v1/namespaces/x/finalize", "update", "/v1", "x", "namespaces", "finalize", "x"],
  ["GET", "/api/v1/namespaces/x/pods", "list", "/v1", "x", "pods", "", ""],
  ["GET", "/api/v1/namespaces/x/pods?watch=true", "watch", "/v1", "x", "pods", "", ""],
  ["GET", "/api/v1/namespaces/x/pods?watch=false", "list", "/v1", "x", "pods", "", ""],
  ["GET", "/api/v1/pods?fieldSelector=metadata.name%3Dp", "list", "/v1", "", "pods", "", "p"],
  ["GET", "/api/v1/watch/namespaces/x/pods/p", "watch", "/v1", "x", "pods", "", "p"],
  ["GET", "/api/v1/watch/pods", "watch", "/v1", "", "pods", "", ""],
  ["POST", "/api/v1/namespaces/x/pods", "create", "/v1", "x", "pods", "", ""],
  ["POST", "/api/v1/namespaces/x/pods/p/binding", "create", "/v1", "x", "pods", "binding", "p"],
  ["DELETE", "/apis/apps/v1/namespaces/x/deployments", "deletecollection", "apps/v1", "x", "deployments", "", ""],
  ["DELETE", "/apis/apps/v1/namespaces/x/deployments/d", "delete", "apps/v1", "x", "deployments", "", "d"],
  ["PATCH", "/apis/apps/v1/namespaces/x/deployments/d/status", "patch", "apps/v1", "x", "deployments", "status", "d"],
  ["GET", "/api/v1/nodes/n/proxy/a/b", "get", "/v1", "", "nodes", "proxy", "n"],
  ["GET", "/api/v1/namespaces/x/pods/a%3Ab/log", "get", "/v1", "x", "pods", "log", "a:b"],
  ["GET", "/api/v1/namespaces/x/secrets%2Fs", "get", "/v1", "x", "secrets", "", "s"],
  ["GET", "/apis/g.io/v1%2Fnamespaces%2Fx%2Fthings", "list", "g.io/v1", "x", "things", "", ""],
  ["GET", "/api/v1/pods?fieldSelector=status.phase%3Da%5C%2Cmetadata.name%5C%3Dp", "list", "/v1", "", "pods", "", ""],
  ["LIST", "/api/v1/namespaces/x/secrets/s", "", "/v1", "x", "secrets", "", "s"],
  ["DELETECOLLECTION", "/api/v1/namespaces/x/secrets/s", "", "/v1", "x", "secrets", "", "s"],
  ["HEAD", "/api/v1/namespaces/x/pods/p", "get", "/v1", "x", "pods", "", "p"],
];

test("resource URLs", () => {
  for (const [method, url, verb, groupVersion, namespace, resource, subresource, name] of cases) {
    const [path = "", query = ""] = url.split("?");
    const info = parseRequestInfo(method, path, new URLSearchParams(query));
    const found = [
      info.verb,
      `${info.apiGroup}/${info.apiVersion}`,
      info.namespace,
      info.resource,
      info.subresource,
      info.name,
    ];
    assert.deepEqual(found, [verb, groupVersion, namespace, resource, subresource, name], `${method} ${url}`);
    assert.equal(info.isResourceRequest, true);
  }
});

test("other URLs are not about resources", () => {
  for (const path of [
    "/",
    "/healthz",
    "/api",
    "/api/v1",
    "/apis",
    "/apis/apps",
    "/apis/apps/v1",
    "/openapi/v3/api/v1",
  ]) {
    const info = parseRequestInfo("GET", path, new URLSearchParams());
    assert.deepEqual([info.isResourceRequest, info.verb, info.path], [false, "get", path]);
  }
});

test("the path's segments from the resource on are kept", () => {
  const info = parseRequestInfo("GET", "/api/v1/namespaces/x/services/s/proxy/a/b", new URLSearchParams());
  assert.deepEqual(info.parts, ["services", "s", "proxy", "a", "b"]);
});
