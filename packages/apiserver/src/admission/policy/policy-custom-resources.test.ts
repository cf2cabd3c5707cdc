import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition, type Resource } from "@kubets/api";
import { realClock } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { StoreReader } from "../../reader/object-reader.ts";
import type { ApiServer } from "../../server.ts";
import { customServer, define, specOf, widget, widgets, widgetsPath } from "../../testing/custom-resources.ts";
import { send } from "../../testing/server.ts";
import { policyAdmission } from "./index.ts";

const group = "/apis/admissionregistration.k8s.io/v1";

test("policies see, change and are given custom resources", async (t) => {
  const stop = new AbortController();
  t.after(() => stop.abort());
  const store = memoryStore();
  const definitionOf = ({ group, version, plural }: Resource) => findDefinition(group, version, plural)!;
  const source = { reader: new StoreReader(store, definitionOf), resources: () => server.resources };
  const authorizer = { authorize: () => ({ decision: "Allow" as const, reason: "" }) };
  const admission = await policyAdmission({ source, authorizer, clock: realClock }, stop.signal);
  const server: ApiServer = await customServer(t, { store, admission });
  const properties = { size: { type: "integer" }, tags: { type: "array", items: { type: "string" } } };
  await define(server, widgets(specOf(properties)));
  await send(server, "POST", widgetsPath, widget("limit", { spec: { size: 5 } }));
  const matchConstraints = {
    resourceRules: [
      { apiGroups: ["example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["widgets"] },
    ],
  };
  const put = async (path: string, name: string, spec: object): Promise<void> => {
    const { status, text } = await send(server, "POST", `${group}/${path}`, { metadata: { name }, spec });
    assert.equal(status, 201, text);
  };
  await put("validatingadmissionpolicies", "p", {
    matchConstraints,
    paramKind: { apiVersion: "example.com/v1", kind: "Widget" },
    validations: [{ expression: "object.spec.size <= params.spec.size" }],
  });
  await put("validatingadmissionpolicybindings", "p", {
    policyName: "p",
    validationActions: ["Deny"],
    paramRef: { name: "limit", parameterNotFoundAction: "Deny" },
  });
  const mutations = [
    { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{spec: Object.spec{size: 4}}" } },
  ];
  await put("mutatingadmissionpolicies", "m", {
    matchConstraints,
    reinvocationPolicy: "Never",
    matchConditions: [{ name: "unsized", expression: "!has(object.spec.size)" }],
    mutations,
  });
  await put("mutatingadmissionpolicybindings", "m", { policyName: "m" });
  const made = await send(server, "POST", widgetsPath, widget("a", { spec: { tags: ["x"] } }));
  assert.deepEqual([made.status, made.json.spec], [201, { size: 4, tags: ["x"] }]);
  const refused = await send(server, "POST", widgetsPath, widget("b", { spec: { size: 6 } }));
  assert.equal(refused.status, 422);
  assert.match(
    refused.json.message,
    /^widgets.example.com "b" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed expression: object.spec.size <= params.spec.size$/,
  );
  // Lists without merge keys are atomic: what is applied to them would replace them.
  const atomic = { expression: 'Object{spec: Object.spec{tags: ["y"]}}' };
  const spec = { mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: atomic }] };
  const headers = { "content-type": "application/merge-patch+json" };
  await send(server, "PATCH", `${group}/mutatingadmissionpolicies/m`, { spec }, { headers });
  const replaced = await send(server, "POST", widgetsPath, widget("c", { spec: { tags: ["x"] } }));
  assert.match(
    replaced.json.message,
    /invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.tags$/,
  );
});
