import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthorizationAttributes, AuthorizationDecision } from "../authorization/authorizer.ts";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

const root = "/apis/authorization.k8s.io/v1";
const reviewOf = (spec: object, kind = "SubjectAccessReview", metadata: object = {}) => ({
  apiVersion: "authorization.k8s.io/v1",
  kind,
  metadata,
  spec,
});

function world(answer: AuthorizationDecision = { decision: "NoOpinion", reason: "" }) {
  const asked: AuthorizationAttributes[] = [];
  const server = realServer({
    authorizer: {
      authorize(attributes) {
        if (attributes.user.name === "admin") return { decision: "Allow", reason: "" };
        asked.push(attributes);
        return answer;
      },
    },
  });
  const ask = async (path: string, review: object) => (await send(server, "POST", `${root}${path}`, review)).json;
  return { asked, ask };
}

test("selectors are told to the authorizer, and what of them was not understood to the caller", async () => {
  const { asked, ask } = world({ decision: "NoOpinion", reason: "no", error: "a webhook is down" });
  const resourceAttributes = {
    verb: "list",
    resource: "pods",
    fieldSelector: {
      requirements: [
        { key: "spec.nodeName", operator: "In", values: ["n1"] },
        { key: "x", operator: "Exists" },
      ],
    },
    labelSelector: { rawSelector: "app in (a" },
  };
  const { status } = await ask("/subjectaccessreviews", reviewOf({ user: "jane", resourceAttributes }));
  assert.deepEqual(status, {
    allowed: false,
    reason: "no",
    evaluationError:
      "a webhook is down; spec.resourceAttributes.fieldSelector partially ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error",
  });
  assert.equal(asked[0]?.fieldSelector?.toString(), "spec.nodeName=n1");
  assert.equal(asked[0]?.labelSelector, undefined);
  assert.equal(asked[0]?.apiVersion, "*");
});

test("reviews that make no sense are refused with upstream's words", async () => {
  const { ask } = world();
  const message = async (path: string, review: object) => (await ask(path, review)).message;
  const kind = 'SubjectAccessReview.authorization.k8s.io "" is invalid';
  assert.equal(
    await message("/subjectaccessreviews", reviewOf({})),
    `${kind}: [spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified, spec.user: Invalid value: "": at least one of user or group must be specified]`,
  );
  const named = reviewOf({ user: "x", nonResourceAttributes: { path: "/", verb: "get" } }, undefined, { name: "n" });
  assert.match(await message("/subjectaccessreviews", named), /metadata: Invalid value: .*: must be empty$/);
  const local = "LocalSubjectAccessReview";
  const elsewhere = reviewOf({ user: "x", resourceAttributes: { namespace: "b" } }, local);
  assert.equal(
    await message("/namespaces/a/localsubjectaccessreviews", elsewhere),
    `${local}.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace`,
  );
});
