import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from "@kubets/api";
import { FakeReader } from "../../reader/fake-reader.ts";
import { testServer } from "../../testing/server.ts";
import { requestOn } from "../testing.ts";
import { isFault, selectInvocations } from "./invocations.ts";
import { Policies } from "./policies.ts";

test("a policy or a binding whose selector cannot be read is faulty, and no other is", async () => {
  const reader = new FakeReader();
  const unreadable = { objectSelector: { matchLabels: { "not a key": "x" } } };
  const policy = (name: string, matchConstraints: object) =>
    reader.put(validatingAdmissionPolicies, {
      metadata: { name },
      spec: { matchConstraints },
    } as ValidatingAdmissionPolicy);
  const binding = (policyName: string, more: object = {}) =>
    reader.put(validatingAdmissionPolicyBindings, {
      metadata: { name: `${policyName}-binding` },
      spec: { policyName, validationActions: ["Deny"], ...more },
    } as ValidatingAdmissionPolicyBinding);
  policy("a", unreadable);
  binding("a");
  policy("b", {});
  binding("b", { matchResources: unreadable });
  policy("c", {});
  binding("c");
  const { resources } = testServer();
  const source = { reader, resources: () => resources };
  const policies = new Policies<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>(source);
  const stop = new AbortController();
  await policies.follow(reader, validatingAdmissionPolicies, validatingAdmissionPolicyBindings, stop.signal);
  const asked = requestOn("configmaps", { object: { metadata: { name: "m", namespace: "default" } } });
  const selected = await selectInvocations(policies.table.candidates(asked), asked, source);
  const told = selected.map((each) => [
    each.policy.metadata?.name,
    isFault(each) ? each.message.split(": ")[0] : "runs",
  ]);
  assert.deepEqual(told, [
    ["a", "failed to configure policy"],
    ["b", "failed to configure binding"],
    ["c", "runs"],
  ]);
  stop.abort();
});
