import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import { impersonate } from "./impersonation.ts";

const admin = { name: "admin", groups: ["system:masters"] };

function recording(decision: "Allow" | "NoOpinion" = "Allow") {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize(a: AuthorizationAttributes) {
      asked.push(`${a.verb} ${a.apiGroup} ${a.resource}/${a.subresource} ${a.namespace} ${a.name}`);
      return { decision, reason: "" };
    },
  };
  return { asked, authorizer };
}

test("acting as a user with groups and extra asks for each", async () => {
  const { asked, authorizer } = recording();
  const headers = {
    "impersonate-user": "jane",
    "impersonate-group": "dev, ops",
    "impersonate-extra-acme.com%2fproject": "x",
    "impersonate-uid": "7",
  };
  assert.deepEqual(await impersonate(admin, headers, authorizer), {
    name: "jane",
    uid: "7",
    groups: ["dev", "ops", "system:authenticated"],
    extra: { "acme.com/project": ["x"] },
  });
  assert.deepEqual(asked, [
    "impersonate  users/  jane",
    "impersonate  groups/  dev",
    "impersonate  groups/  ops",
    "impersonate authentication.k8s.io userextras/acme.com/project  x",
    "impersonate authentication.k8s.io uids/  7",
  ]);
});

test("acting as a service account gives its groups", async () => {
  const { asked, authorizer } = recording();
  const user = await impersonate(admin, { "impersonate-user": "system:serviceaccount:ns:web" }, authorizer);
  assert.deepEqual(user.groups, ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"]);
  assert.deepEqual(asked, ["impersonate  serviceaccounts/ ns web"]);
});

test("who may not is told so, and headers without a user make no sense", async () => {
  await assert.rejects(
    impersonate({ name: "joe", groups: [] }, { "impersonate-user": "jane" }, recording("NoOpinion").authorizer),
    {
      message:
        'users "jane" is forbidden: User "joe" cannot impersonate resource "users" in API group "" at the cluster scope',
    },
  );
  await assert.rejects(
    impersonate(admin, { "impersonate-group": "dev" }, recording().authorizer),
    /without impersonating a user/,
  );
  assert.equal(await impersonate(admin, {}, recording("NoOpinion").authorizer), admin);
});
