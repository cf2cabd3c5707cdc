import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Resource,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from "@kubets/api";
import { FakeReader } from "../../reader/fake-reader.ts";
import type { ChangeHandler, ObjectReader } from "../../reader/object-reader.ts";
import { realServer } from "../../testing/real-server.ts";
import { send, testServer } from "../../testing/server.ts";
import { turnsDuring } from "../../testing/turns.ts";
import { requestOn } from "../testing.ts";
import { compilePolicy } from "./compile-policy.ts";
import { isFault, selectInvocations } from "./invocations.ts";
import { Policies } from "./policies.ts";
import { policyHooks } from "./policy-hooks.ts";

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

test("a policy of thousands of variables is checked and compiled in little time, with others' turns in between", async () => {
  const server = realServer({ hooks: policyHooks });
  const variables = Array.from({ length: 8000 }, (_, i) => ({
    name: `v${i}`,
    expression: i === 0 ? "1" : `variables.v${i - 1}`,
  }));
  const matchConstraints = {
    resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
  };
  const validations = [{ expression: "variables.v7999 == 1" }, { expression: "variables.v8000 == 1" }];
  const policy = { metadata: { name: "many" }, spec: { matchConstraints, variables, validations } };
  const url = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
  const written = await turnsDuring(() => send(server, "POST", url, policy));
  const causes = written.result.json.details.causes as { field: string; message: string }[];
  assert.deepEqual(
    causes.map(({ field }) => field),
    ["spec.validations[1].expression"],
  );
  assert.match(causes[0]!.message, /undefined field 'v8000'/);
  assert.ok(written.turns > 1, `${written.turns} turns`);
  const cel = await import("@kubets/cel");
  const used = await turnsDuring(() => compilePolicy(cel, policy as unknown as ValidatingAdmissionPolicy));
  assert.equal(used.result.validations[0]?.error, undefined);
  assert.match(used.result.validations[1]?.error ?? "", /undefined field 'v8000'/);
  assert.ok(used.turns > 1, `${used.turns} turns`);
});

test("each binding is looked at once, however many policies there are", async () => {
  let looks = 0;
  const names = Array.from({ length: 100 }, (_, i) => `p${i}`);
  const policies = names.map((name) => ({ metadata: { name }, spec: { matchConstraints: {} } }));
  const bindings = names.map((name) => ({
    metadata: { name },
    get spec() {
      looks++;
      return { policyName: name };
    },
  }));
  const objects = new Map<string, readonly object[]>([
    [validatingAdmissionPolicies.plural, policies],
    [validatingAdmissionPolicyBindings.plural, bindings],
  ]);
  const reader = {
    subscribe: async (resource: Resource, handler: ChangeHandler) => {
      for (const object of objects.get(resource.plural) ?? []) handler.put(object);
    },
  } as unknown as ObjectReader;
  const { resources } = testServer();
  const source = { reader, resources: () => resources };
  const all = new Policies<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding>(source);
  const { signal } = new AbortController();
  await all.follow(reader, validatingAdmissionPolicies, validatingAdmissionPolicyBindings, signal);
  const asked = requestOn("configmaps", { object: { metadata: { name: "m", namespace: "default" } } });
  assert.equal(all.table.candidates(asked).length, 100);
  assert.ok(looks <= 300, `${looks} looks`);
});
