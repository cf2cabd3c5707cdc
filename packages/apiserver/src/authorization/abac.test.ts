import assert from "node:assert/strict";
import { test } from "node:test";
import { abacAuthorizer } from "./abac.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";

const base: AuthorizationAttributes = {
  user: { name: "alice", groups: ["system:authenticated", "dev"] },
  verb: "get",
  isResourceRequest: true,
  namespace: "ns",
  apiGroup: "",
  apiVersion: "v1",
  resource: "pods",
  subresource: "",
  name: "",
  path: "",
};

const policy = (spec: object) =>
  JSON.stringify({ apiVersion: "abac.authorization.kubernetes.io/v1beta1", kind: "Policy", spec });

function decide(lines: string[], attributes: Partial<AuthorizationAttributes> = {}) {
  return abacAuthorizer(lines.join("\n"), "f").authorize({ ...base, ...attributes });
}

const allow = { decision: "Allow", reason: "" };
const none = { decision: "NoOpinion", reason: "No policy matched." };

test("versioned policies", () => {
  const reader = policy({ user: "alice", namespace: "ns", resource: "pods", apiGroup: "", readonly: true });
  assert.deepEqual(decide(["# who", "", reader]), allow);
  assert.deepEqual(decide([reader], { verb: "create" }), none);
  assert.deepEqual(decide([reader], { namespace: "other" }), none);
  assert.deepEqual(decide([reader], { apiGroup: "apps" }), none);
  assert.deepEqual(decide([policy({ group: "dev", namespace: "*", resource: "*", apiGroup: "*" })]), allow);
  assert.deepEqual(decide([policy({ user: "alice", group: "ops", namespace: "*", resource: "*" })]), none);
  assert.deepEqual(decide([policy({ namespace: "*", resource: "*" })]), none, "nobody is named");
  const everyone = policy({ user: "*", nonResourcePath: "/healthz*" });
  const path = { isResourceRequest: false, path: "/healthz/etcd" };
  assert.deepEqual(decide([everyone], path), allow);
  const anonymous = { name: "system:anonymous", groups: ["system:unauthenticated"] };
  assert.deepEqual(decide([everyone], { ...path, user: anonymous }), none);
});

test("lines without a version mean what they leave out", () => {
  assert.deepEqual(decide(['{"user":"alice"}'], { verb: "delete", apiGroup: "apps" }), allow);
  assert.deepEqual(decide(["{}"], { isResourceRequest: false, path: "/metrics" }), allow);
  assert.deepEqual(decide(['{"user":"alice","resource":"pods"}'], { isResourceRequest: false, path: "/x" }), none);
  const warnings: string[] = [];
  abacAuthorizer('{"user":"a"}', "f", (text) => warnings.push(text));
  assert.match(warnings[0] ?? "", /^Policy file f contained unversioned rules/);
});

test("a line that cannot be read is named; rules are told", () => {
  assert.throws(() => abacAuthorizer('{"user":"a"}\n{"user":1}', "f"), {
    message: 'error reading policy file f, line 2: {"user":1}: user must be a string',
  });
  const lines = policy({ group: "dev", namespace: "ns", resource: "pods", readonly: true });
  assert.deepEqual(abacAuthorizer(lines, "f").rulesFor?.(base.user, "ns"), {
    resourceRules: [{ verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods"] }],
    nonResourceRules: [],
    incomplete: false,
  });
});
