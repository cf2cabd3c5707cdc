import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeSubresources, verbOf } from "./authorization.ts";
import { parseContainerPath } from "./container-path.ts";

describe("nodeSubresources", () => {
  for (const [path, want] of [
    ["/stats/summary", ["stats"]],
    ["/metrics/resource", ["metrics"]],
    ["/pods", ["pods", "proxy"]],
    ["/healthz", ["healthz", "proxy"]],
    ["/configz", ["configz", "proxy"]],
    ["/exec/ns/pod/c", ["proxy"]],
    ["/metricsx", ["proxy"]],
  ] as const) {
    it(path, () => assert.deepEqual(nodeSubresources(path), want));
  }
  it("verbs", () =>
    assert.deepEqual(["GET", "POST", "PUT", "DELETE"].map(verbOf), ["get", "create", "update", "delete"]));
});

describe("parseContainerPath", () => {
  it("with and without a uid", () => {
    assert.deepEqual(parseContainerPath(["ns", "p", "c"], true), {
      namespace: "ns",
      pod: "p",
      uid: undefined,
      container: "c",
    });
    assert.deepEqual(parseContainerPath(["ns", "p", "u", "c"], true), {
      namespace: "ns",
      pod: "p",
      uid: "u",
      container: "c",
    });
    assert.deepEqual(parseContainerPath(["ns", "p", "u"], false), {
      namespace: "ns",
      pod: "p",
      uid: "u",
      container: "",
    });
    assert.equal(parseContainerPath(["ns"], true), undefined);
    assert.equal(parseContainerPath(["ns", "p"], true), undefined);
  });
});
