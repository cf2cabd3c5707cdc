import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import type { UserInfo } from "./authenticator.ts";
import { Impersonation } from "./impersonation.ts";

const admin: UserInfo = { name: "admin", groups: ["system:authenticated"] };

/** Lets pass what `allowed` says, and notes what was asked. */
function world(allowed: (verb: string) => boolean) {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(a: AuthorizationAttributes) {
      asked.push(`${a.verb} ${a.apiGroup} ${a.resource}/${a.subresource} ${a.namespace} ${a.name}`);
      return { decision: allowed(a.verb) ? "Allow" : "NoOpinion", reason: "" };
    },
  };
  const impersonation = new Impersonation(authorizer);
  const as = (headers: Record<string, string | string[]>, user = admin) =>
    impersonation.impersonate({ headers }, { ...listPods, user });
  return { asked, as };
}

const listPods: AuthorizationAttributes = {
  user: admin,
  verb: "list",
  isResourceRequest: true,
  namespace: "default",
  apiGroup: "",
  apiVersion: "v1",
  resource: "pods",
  subresource: "",
  name: "",
  path: "/api/v1/namespaces/default/pods",
};

const broad = (verb: string) => verb === "impersonate";

test("acting as a user with groups and extra asks for each", async () => {
  const { asked, as } = world(broad);
  const headers = {
    "impersonate-user": "jane",
    "impersonate-group": ["dev, and more", "ops"],
    "impersonate-extra-acme.com%2fproject": "x",
    "impersonate-uid": "7",
  };
  const expected = {
    user: {
      name: "jane",
      uid: "7",
      groups: ["dev, and more", "ops", "system:authenticated"],
      extra: { "acme.com/project": ["x"] },
    },
    constraint: "",
  };
  assert.deepEqual(await as(headers), expected);
  assert.deepEqual(asked, [
    "impersonate-on:user-info:list  pods/ default ",
    "impersonate  users/  jane",
    "impersonate authentication.k8s.io uids/  7",
    "impersonate  groups/  dev, and more",
    "impersonate  groups/  ops",
    "impersonate authentication.k8s.io userextras/acme.com/project  x",
  ]);
  asked.length = 0;
  assert.deepEqual(await as(headers), expected);
  assert.equal(asked[0], "impersonate  users/  jane", "what was allowed last is tried first");
});

test("a group is one header, whatever is in it", async () => {
  const rawHeaders = ["Impersonate-User", "jane", "Impersonate-Group", "a, system:masters", "impersonate-group", "b"];
  const headers = { "impersonate-user": "jane", "impersonate-group": "a, system:masters, b" };
  const allowing: Authorizer = { authorize: () => ({ decision: "Allow", reason: "" }) };
  const found = await new Impersonation(allowing).impersonate({ headers, rawHeaders }, listPods);
  assert.deepEqual(found?.user.groups, ["a, system:masters", "b", "system:authenticated"]);
});

test("service accounts and anonymous have their own groups", async () => {
  const { asked, as } = world(broad);
  const account = await as({ "impersonate-user": "system:serviceaccount:ns:web" });
  assert.deepEqual(account?.user.groups, [
    "system:serviceaccounts",
    "system:serviceaccounts:ns",
    "system:authenticated",
  ]);
  assert.equal(asked.at(-1), "impersonate  serviceaccounts/ ns web");
  const nobody = await as({ "impersonate-user": "system:anonymous" });
  assert.deepEqual(nobody?.user.groups, ["system:unauthenticated"]);
});

test("narrow permissions: for this request, and for this user", async () => {
  const { asked, as } = world((verb) => verb.includes("user-info"));
  assert.deepEqual(await as({ "impersonate-user": "jane" }), {
    user: { name: "jane", groups: ["system:authenticated"] },
    constraint: "impersonate:user-info",
  });
  assert.deepEqual(asked, [
    "impersonate-on:user-info:list  pods/ default ",
    "impersonate:user-info authentication.k8s.io users/  jane",
  ]);
  const masters = { "impersonate-user": "jane", "impersonate-group": "system:masters" };
  await assert.rejects(as(masters), /impersonating the system:masters group is not allowed/);
  await assert.rejects(as({ "impersonate-user": "system:serviceaccount:ns:web" }), { code: 403 });
});

test("a service account may act as its own node", async () => {
  const { asked, as } = world((verb) => verb.includes("associated-node"));
  const agent: UserInfo = {
    name: "system:serviceaccount:ns:agent",
    groups: [],
    extra: { "authentication.kubernetes.io/node-name": ["n1"] },
  };
  assert.deepEqual(await as({ "impersonate-user": "system:node:n1" }, agent), {
    user: { name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] },
    constraint: "impersonate:associated-node",
  });
  assert.equal(asked.at(-1), "impersonate:associated-node authentication.k8s.io nodes/  *");
  await assert.rejects(as({ "impersonate-user": "system:node:n2" }, agent), { code: 403 });
});

test("who may not is told so, and headers without a user make no sense", async () => {
  const { as } = world(() => false);
  await assert.rejects(as({ "impersonate-user": "jane" }, { name: "joe", groups: [] }), {
    message:
      'pods is forbidden: User "joe" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "default"',
  });
  await assert.rejects(as({ "impersonate-group": "dev" }), {
    message:
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"dev"}, Extra:map[string][]string(nil)} without impersonating a user name',
  });
  assert.equal(await as({}), undefined);
});
