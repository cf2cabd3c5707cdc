import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clusterRoleBindings,
  clusterRoles,
  type PolicyRule,
  type ResourceDefinition,
  roleBindings,
  roles,
  type Subject,
} from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { AdmissionAttributes } from "../admission/plugin.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { EscalationCheck } from "./escalation.ts";
import { forbiddenMessage } from "./forbidden.ts";
import { rbacAuthorizer } from "./rbac.ts";
import { RbacIndex } from "./rbac-index.ts";
import { ruleAllows } from "./rules.ts";
import { alwaysAllowAuthorizer, privilegedGroupAuthorizer, unionAuthorizer } from "./union.ts";

const group = "rbac.authorization.k8s.io";
const jane = { name: "jane", groups: ["dev", "system:authenticated"] };

function ask(request: Partial<AuthorizationAttributes>): AuthorizationAttributes {
  return {
    user: jane,
    verb: "get",
    isResourceRequest: true,
    namespace: "ns",
    apiGroup: "",
    apiVersion: "v1",
    resource: "pods",
    subresource: "",
    name: "",
    path: "",
    ...request,
  };
}

const rule = (verbs: string, resources: string, rest: Partial<PolicyRule> = {}): PolicyRule => ({
  verbs: verbs.split(","),
  apiGroups: [""],
  resources: resources.split(","),
  ...rest,
});

async function world() {
  const reader = new FakeReader();
  const index = new RbacIndex();
  await index.follow(reader, new AbortController().signal);
  const clusterRole = (name: string, ...rules: PolicyRule[]) => reader.put(clusterRoles, { metadata: { name }, rules });
  const bind = (name: string, role: string, ...subjects: Subject[]) =>
    reader.put(clusterRoleBindings, {
      metadata: { name },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
      subjects,
    });
  const bindIn = (namespace: string, name: string, kind: string, role: string, ...subjects: Subject[]) =>
    reader.put(roleBindings, {
      metadata: { namespace, name },
      roleRef: { apiGroup: group, kind, name: role },
      subjects,
    });
  return { reader, index, authorizer: rbacAuthorizer(index), clusterRole, bind, bindIn };
}

test("a rule matches by verb, group, resource, subresource and name", () => {
  const table: [PolicyRule, Partial<AuthorizationAttributes>, boolean][] = [
    [rule("get", "pods"), {}, true],
    [rule("list", "pods"), {}, false],
    [rule("*", "*", { apiGroups: ["*"] }), { apiGroup: "apps", resource: "x", subresource: "y" }, true],
    [rule("get", "pods"), { subresource: "log" }, false],
    [rule("get", "pods/log"), { subresource: "log" }, true],
    [rule("get", "*/scale"), { subresource: "scale" }, true],
    [rule("get", "*/scale"), {}, false],
    [rule("get", "pods", { resourceNames: ["a"] }), { name: "a" }, true],
    [rule("get", "pods", { resourceNames: ["a"] }), { name: "b" }, false],
    [rule("get", "pods", { resourceNames: ["a"] }), {}, false],
    [{ verbs: ["get"], nonResourceURLs: ["/healthz/*"] }, { isResourceRequest: false, path: "/healthz/ping" }, true],
    [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }, { isResourceRequest: false, path: "/healthz/ping" }, false],
    [{ verbs: ["get"], nonResourceURLs: ["*"] }, {}, false],
  ];
  for (const [policy, request, expected] of table)
    assert.equal(ruleAllows(ask(request), policy), expected, JSON.stringify([policy, request]));
});

test("bindings grant to users, groups and service accounts, cluster-wide or in a namespace", async () => {
  const { authorizer, clusterRole, bind, bindIn, reader } = await world();
  clusterRole("reader", rule("get", "pods"));
  reader.put(roles, { metadata: { namespace: "ns", name: "local" }, rules: [rule("delete", "pods")] });
  bind("b1", "reader", { kind: "Group", name: "dev" });
  bindIn("ns", "b2", "Role", "local", { kind: "ServiceAccount", name: "web" });
  assert.deepEqual(authorizer.authorize(ask({})), {
    decision: "Allow",
    reason: 'RBAC: allowed by ClusterRoleBinding "b1" of ClusterRole "reader" to Group "dev"',
  });
  const web = { name: "system:serviceaccount:ns:web", groups: [] };
  assert.deepEqual(authorizer.authorize(ask({ user: web, verb: "delete" })), {
    decision: "Allow",
    reason: 'RBAC: allowed by RoleBinding "b2/ns" of Role "local" to ServiceAccount "web/ns"',
  });
  const denied = ask({ user: web, verb: "delete", namespace: "other" });
  assert.deepEqual(authorizer.authorize(denied), { decision: "NoOpinion", reason: "" });
  assert.equal(
    forbiddenMessage(denied),
    'User "system:serviceaccount:ns:web" cannot delete resource "pods" in API group "" in the namespace "other"',
  );
});

test("changes count at once: subjects, roles, deletions", async () => {
  const { authorizer, clusterRole, bind, reader } = await world();
  const decision = () => (authorizer.authorize(ask({})) as { decision: string }).decision;
  bind("b", "late", { kind: "User", name: "jane" });
  assert.deepEqual(authorizer.authorize(ask({})), {
    decision: "NoOpinion",
    reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "late" not found',
  });
  clusterRole("late", rule("get", "pods"));
  assert.equal(decision(), "Allow");
  bind("b", "late", { kind: "User", name: "joe" });
  assert.equal(decision(), "NoOpinion");
  bind("b", "late", { kind: "User", name: "joe" }, { kind: "User", name: "jane" });
  assert.equal(decision(), "Allow");
  reader.remove(clusterRoleBindings, "", "b");
  assert.equal(decision(), "NoOpinion");
});

test("the union takes the first opinion and joins reasons", async () => {
  const none = (reason: string) => ({ authorize: () => ({ decision: "NoOpinion" as const, reason }) });
  const late = { authorize: async () => ({ decision: "NoOpinion" as const, reason: "late" }) };
  assert.deepEqual(await unionAuthorizer([none("a"), late, none("b")]).authorize(ask({})), {
    decision: "NoOpinion",
    reason: "a\nlate\nb",
  });
  assert.equal((await unionAuthorizer([none("a"), late, alwaysAllowAuthorizer]).authorize(ask({}))).decision, "Allow");
  const master = { name: "root", groups: ["system:masters"] };
  assert.equal((await unionAuthorizer([privilegedGroupAuthorizer]).authorize(ask({ user: master }))).decision, "Allow");
});

function write(plural: string, object: KubeObject, oldObject?: KubeObject): AdmissionAttributes {
  return {
    operation: oldObject === undefined ? "CREATE" : "UPDATE",
    definition: { group, plural } as ResourceDefinition,
    subresource: "",
    namespace: object.metadata?.namespace ?? "",
    name: object.metadata?.name ?? "",
    object,
    oldObject,
    options: {},
    user: jane,
    dryRun: false,
    client: new AbortController(),
    warn() {},
    annotate() {},
  };
}

test("nobody grants what they do not hold", async () => {
  const { index, authorizer, clusterRole, bind } = await world();
  const check = new EscalationCheck(index, authorizer);
  clusterRole("mine", rule("get,list", "pods"), rule("get", "pods/log"));
  clusterRole("power", rule("get,delete", "secrets"));
  bind("b", "mine", { kind: "User", name: "jane" });
  const role = (...rules: PolicyRule[]): KubeObject => ({ metadata: { name: "r" }, rules }) as KubeObject;
  const binding = (name: string): KubeObject =>
    ({ metadata: { name: "x" }, roleRef: { apiGroup: group, kind: "ClusterRole", name }, subjects: [] }) as KubeObject;
  await check.validate(write("clusterroles", role(rule("get", "pods,pods/log"))));
  await check.validate(write("clusterrolebindings", binding("mine")));
  const message =
    'is forbidden: user "jane" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}';
  const greedy = role(rule("get,delete", "secrets"), rule("get", "pods"));
  await assert.rejects(check.validate(write("clusterroles", greedy)), {
    message: `clusterroles.${group} "r" ${message}`,
  });
  await assert.rejects(check.validate(write("clusterrolebindings", binding("power"))), {
    message: `clusterrolebindings.${group} "x" ${message}`,
  });
  await assert.rejects(
    check.validate(write("clusterrolebindings", binding("gone"))),
    /clusterroles.* "gone" not found/,
  );
  await check.validate(write("clusterroles", greedy, greedy));
  const changed = (metadata: object): KubeObject => ({ ...greedy, metadata: { ...greedy.metadata, ...metadata } });
  await check.validate(write("clusterroles", changed({ finalizers: [] }), changed({ finalizers: ["x"] })));
  const labelled = write("clusterroles", changed({ labels: { aggregate: "true" } }), greedy);
  await assert.rejects(check.validate(labelled), /not currently held/, "a label may add the rules to another role");
  clusterRole("may", { verbs: ["bind", "escalate"], apiGroups: [group], resources: ["clusterroles"] });
  bind("b2", "may", { kind: "User", name: "jane" });
  await check.validate(write("clusterroles", greedy));
  await check.validate(write("clusterrolebindings", binding("power")));
});
