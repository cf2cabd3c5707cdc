import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { findDefinition, type Resource } from "@kubets/api";
import { realClock, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import type { AuthorizationAttributes } from "../../authorization/authorizer.ts";
import { MetricsRegistry } from "../../metrics/families.ts";
import { StoreReader } from "../../reader/object-reader.ts";
import type { ApiServer } from "../../server.ts";
import { realServer } from "../../testing/real-server.ts";
import { send as sendRaw } from "../../testing/server.ts";
import type { MatchSource } from "../matching/index.ts";
import { keepPolicyStatus, policyAdmission, policyHooks } from "./index.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape.
type Body = any;

async function send(...args: Parameters<typeof sendRaw>) {
  const { json, ...rest } = await sendRaw(...args);
  return { ...rest, body: json as Body };
}

const group = "/apis/admissionregistration.k8s.io/v1";
const stop = new AbortController();
const made: string[] = [];
const asked: AuthorizationAttributes[] = [];
const meters = new MetricsRegistry();
let server: ApiServer;
let source: MatchSource;

before(async () => {
  const store = memoryStore();
  const definitionOf = ({ group, version, plural }: Resource) => findDefinition(group, version, plural)!;
  const reader = new StoreReader(store, definitionOf);
  const authorizer = {
    authorize: (attributes: AuthorizationAttributes) => {
      asked.push(attributes);
      return Promise.resolve({
        decision: attributes.verb === "bless" ? ("Allow" as const) : ("NoOpinion" as const),
        reason: "no",
      });
    },
  };
  source = { reader, resources: () => server.resources };
  const admission = await policyAdmission({ source, authorizer, clock: realClock, meters }, stop.signal);
  server = realServer({ store, admission, hooks: policyHooks });
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default", labels: { env: "prod" } } });
});

beforeEach(async () => {
  for (const path of made.splice(0)) await send(server, "DELETE", path);
});

after(() => stop.abort());

async function make(
  path: string,
  body: { readonly metadata: { readonly name: string; readonly labels?: object }; readonly [field: string]: unknown },
): Promise<void> {
  const answer = await send(server, "POST", path, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  made.push(`${path}/${body.metadata.name}`);
}

const onConfigMaps = {
  resourceRules: [
    { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
  ],
};

async function validating(spec: object, binding: object = {}): Promise<void> {
  await make(`${group}/validatingadmissionpolicies`, {
    metadata: { name: "p" },
    spec: { matchConstraints: onConfigMaps, ...spec },
  });
  await make(`${group}/validatingadmissionpolicybindings`, {
    metadata: { name: "b" },
    spec: { policyName: "p", validationActions: ["Deny"], ...binding },
  });
}

async function mutating(spec: object, binding: object = {}): Promise<void> {
  await make(`${group}/mutatingadmissionpolicies`, {
    metadata: { name: "m" },
    spec: { matchConstraints: onConfigMaps, reinvocationPolicy: "Never", ...spec },
  });
  await make(`${group}/mutatingadmissionpolicybindings`, {
    metadata: { name: "b" },
    spec: { policyName: "m", ...binding },
  });
}

function create(data: object, name = "c") {
  const body = { metadata: { name }, data };
  return send(server, "POST", "/api/v1/namespaces/default/configmaps?dryRun=All", body);
}

test("what policies decided is counted by policy, binding and action", async () => {
  await validating(
    { validations: [{ expression: "object.metadata.name != 'bad'" }], failurePolicy: "Ignore" },
    { validationActions: ["Warn", "Audit"] },
  );
  await create({}, "good");
  await create({}, "bad");
  const lines = (await meters.text()).split("\n").filter((line) => line.startsWith("apiserver_validating_"));
  const counted = (action: string) =>
    `apiserver_validating_admission_policy_check_total{enforcement_action="${action}",error_type="invalid_error",policy="p",policy_binding="b"} 1`;
  assert.ok(lines.includes(counted("warn")));
  assert.ok(lines.includes(counted("audit")));
});

test("a policy denies, in upstream's words", async () => {
  await validating({
    variables: [{ name: "size", expression: "has(object.data) ? size(object.data) : 0" }],
    validations: [
      {
        expression: "variables.size < 3",
        messageExpression: "'too many: ' + string(variables.size)",
        reason: "Forbidden",
      },
      { expression: "object.metadata.name != 'bad'" },
    ],
  });
  assert.equal((await create({ a: "1" })).status, 201);
  const many = await create({ a: "1", b: "2", c: "3" });
  const message = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: too many: 3";
  assert.deepEqual([many.status, many.body.reason], [403, "Forbidden"]);
  assert.equal(many.body.message, `configmaps "c" is forbidden: ${message}`);
  assert.deepEqual(many.body.details.causes, [{ message }]);
  const bad = await create({}, "bad");
  assert.deepEqual([bad.status, bad.body.reason], [422, "Invalid"]);
  assert.match(bad.body.message, /denied request: failed expression: object.metadata.name != 'bad'$/);
});

test("what cannot be evaluated is decided by the failure policy", async () => {
  await validating({ validations: [{ expression: "object.data.missing == 'x'" }] });
  const answer = await create({ a: "1" });
  assert.equal(answer.status, 422);
  assert.match(answer.body.message, /expression 'object.data.missing == 'x'' resulted in error: no such key: missing$/);
  await send(
    server,
    "PATCH",
    `${group}/validatingadmissionpolicies/p`,
    { spec: { failurePolicy: "Ignore" } },
    {
      headers: { "content-type": "application/merge-patch+json" },
    },
  );
  assert.equal((await create({ a: "1" })).status, 201);
});

test("match conditions, selectors, request, namespace and the authorizer", async () => {
  await validating(
    {
      matchConditions: [
        { name: "not-me", expression: "request.userInfo.username != 'x' && object.metadata.name.startsWith('c')" },
      ],
      validations: [
        {
          expression: `namespaceObject.metadata.labels.env == 'prod' && request.operation == 'CREATE' && request.dryRun &&
            authorizer.requestResource.check('bless').allowed() &&
            !authorizer.serviceAccount('ns', 'sa').group('apps').resource('deployments').check('get').allowed() &&
            object.data.ok == 'yes'`,
        },
      ],
    },
    { matchResources: { namespaceSelector: { matchLabels: { env: "prod" } } } },
  );
  asked.length = 0;
  assert.equal((await create({ ok: "yes" })).status, 201);
  assert.deepEqual(
    asked.map(({ user, verb, apiGroup, resource, namespace, name }) => [
      user.name,
      verb,
      apiGroup,
      resource,
      namespace,
      name,
    ]),
    [
      [asked[0]!.user.name, "bless", "", "configmaps", "default", "c"],
      ["system:serviceaccount:ns:sa", "get", "apps", "deployments", "", ""],
    ],
  );
  assert.equal((await create({ ok: "no" })).status, 422);
  assert.equal((await create({ ok: "no" }, "other")).status, 201);
});

test("warnings are given and the request goes on", async () => {
  await validating(
    { validations: [{ expression: "false", message: "no good" }] },
    { validationActions: ["Warn", "Audit"] },
  );
  const { status, headers } = await create({});
  assert.equal(status, 201);
  const text = "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': no good";
  assert.match(String(headers["warning"]), new RegExp(text));
});

test("parameters by name and by selector, and what happens without them", async () => {
  await make("/api/v1/namespaces/default/configmaps", {
    metadata: { name: "limits", labels: { l: "1" } },
    data: { max: "1" },
  });
  const spec = {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    validations: [{ expression: "size(object.data) <= int(params.data.max)" }],
  };
  await validating(spec, { paramRef: { name: "limits", parameterNotFoundAction: "Deny" } });
  assert.equal((await create({ a: "1" })).status, 201);
  assert.equal((await create({ a: "1", b: "2" })).status, 422);
  const rebind = async (paramRef: object): Promise<void> => {
    await send(server, "DELETE", `${group}/validatingadmissionpolicybindings/b`);
    await send(server, "POST", `${group}/validatingadmissionpolicybindings`, {
      metadata: { name: "b" },
      spec: { policyName: "p", validationActions: ["Deny"], paramRef },
    });
  };
  await rebind({ selector: { matchLabels: { l: "1" } }, parameterNotFoundAction: "Deny" });
  assert.equal((await create({ a: "1", b: "2" })).status, 422);
  await rebind({ name: "gone", parameterNotFoundAction: "Deny" });
  const denied = await create({ a: "1" });
  assert.match(
    denied.body.message,
    /with binding 'b' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  );
  await rebind({ name: "gone", parameterNotFoundAction: "Allow" });
  assert.equal((await create({ a: "1", b: "2" })).status, 201);
});

test("a mutation by apply configuration merges, and one by JSON patch changes", async () => {
  await mutating({
    variables: [{ name: "who", expression: "request.userInfo.username" }],
    matchConditions: [{ name: "unmarked", expression: "!has(object.data.mark)" }],
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: `Object{metadata: Object.metadata{labels: {"by": "policy"}}, data: {"mark": "1"}}`,
        },
      },
      {
        patchType: "JSONPatch",
        jsonPatch: {
          expression: `[JSONPatch{op: "test", path: "/data/mark", value: "1"},
            JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: variables.who != "" ? "known" : "unknown"}]`,
        },
      },
    ],
  });
  const { status, body } = await create({ x: "y" });
  assert.equal(status, 201, body.message);
  assert.deepEqual(body.data, { x: "y", mark: "1" });
  assert.deepEqual(body.metadata.labels, { by: "policy", "a/b": "known" });
  assert.deepEqual((await create({ mark: "0" })).body.data, { mark: "0" });
});

test("a mutation that cannot be made is refused", async () => {
  await mutating({
    mutations: [
      { patchType: "ApplyConfiguration", applyConfiguration: { expression: "Object{metadata: Object.spec{}}" } },
    ],
  });
  const answer = await create({});
  assert.deepEqual([answer.status, answer.body.reason], [403, "Invalid"]);
  assert.equal(
    answer.body.message,
    `policy 'm' with binding 'b' denied request: type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path from root Object type`,
  );
});

test("fields that a kind does not have are told", async () => {
  const change = (patchType: string, expression: string): object => {
    const key = patchType === "JSONPatch" ? "jsonPatch" : "applyConfiguration";
    return { mutations: [{ patchType, [key]: { expression } }] };
  };
  await mutating(change("ApplyConfiguration", "Object{nope: 1}"));
  assert.match(
    (await create({})).body.message,
    /error applying patch: failed to convert patch object to typed object: \.nope: field not declared in schema$/,
  );
  const headers = { "content-type": "application/merge-patch+json" };
  const spec = change("JSONPatch", `[JSONPatch{op: "add", path: "/nope", value: 1}]`);
  await send(server, "PATCH", `${group}/mutatingadmissionpolicies/m`, { spec }, { headers });
  const { status, body } = await create({});
  assert.equal(status, 500);
  assert.equal(body.message, 'Internal error occurred: strict decoding error: unknown field "nope"');
});

test("policies that do not compile are refused", async () => {
  const refused = await send(server, "POST", `${group}/validatingadmissionpolicies`, {
    metadata: { name: "broken" },
    spec: {
      matchConstraints: onConfigMaps,
      variables: [{ name: "v", expression: "1 +" }],
      validations: [{ expression: "object.x + params.y" }, { expression: "1" }],
    },
  });
  assert.equal(refused.status, 422);
  const causes = refused.body.details.causes as { field: string; message: string }[];
  assert.deepEqual(
    causes.map(({ field }) => field),
    ["spec.variables[0].expression", "spec.validations[0].expression", "spec.validations[1].expression"],
  );
  assert.match(causes[1]!.message, /compilation failed: ERROR: <input>:1:12: undeclared reference to 'params'/);
  assert.match(causes[2]!.message, /must evaluate to bool but got int$/);
});

test("the status tells what does not fit the types that rules name", async () => {
  const done = new AbortController();
  const transport = server.transport({ name: "system:apiserver", groups: ["system:masters"] });
  const running = keepPolicyStatus({ source, transport, clock: realClock, logger: silentLogger }, done.signal);
  await make(`${group}/validatingadmissionpolicies`, {
    metadata: { name: "typed" },
    spec: {
      matchConstraints: {
        resourceRules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
      },
      variables: [{ name: "spec", expression: "object.spec" }],
      validations: [{ expression: "variables.spec.replicas > 1" }, { expression: "object.spec.nope == 1" }],
    },
  });
  let status: Body;
  for (let tries = 0; tries < 1000 && status?.observedGeneration === undefined; tries++) {
    status = (await send(server, "GET", `${group}/validatingadmissionpolicies/typed`)).body.status;
    await realClock.sleep(2, done.signal);
  }
  done.abort();
  await running;
  const warning =
    "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'nope'\n | object.spec.nope == 1\n | ...........^\n";
  assert.deepEqual(status, {
    observedGeneration: 1,
    typeChecking: { expressionWarnings: [{ fieldRef: "spec.validations[1].expression", warning }] },
  });
});

test("a policy that may be asked again is, when another has changed the object after it", async () => {
  const count = (name: string) => `Object{data: {"${name}": string(size(object.data))}}`;
  for (const [name, reinvocationPolicy] of [
    ["a-first", "IfNeeded"],
    ["b-second", "Never"],
  ] as const) {
    const key = name.slice(0, 1);
    await make(`${group}/mutatingadmissionpolicies`, {
      metadata: { name },
      spec: {
        matchConstraints: onConfigMaps,
        reinvocationPolicy,
        mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression: count(key) } }],
      },
    });
    await make(`${group}/mutatingadmissionpolicybindings`, { metadata: { name }, spec: { policyName: name } });
  }
  // First `a` sees one entry and `b` two; then `a`, asked again, sees three.
  assert.deepEqual((await create({ x: "y" })).body.data, { x: "y", a: "3", b: "2" });
});

test("bindings and policies that say too little or too much are refused", async () => {
  const refusals = async (path: string, spec: object): Promise<string[]> => {
    const { status, body } = await send(server, "POST", `${group}/${path}`, { metadata: { name: "x" }, spec });
    assert.equal(status, 422);
    return (body.details.causes as { field: string; message: string }[]).map(
      (cause) => `${cause.field}: ${cause.message}`,
    );
  };
  assert.deepEqual(await refusals("validatingadmissionpolicies", {}), [
    "spec.matchConstraints: Required value",
    "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
    "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
  ]);
  assert.deepEqual(
    await refusals("validatingadmissionpolicybindings", {
      policyName: "p",
      paramRef: { name: "a", selector: {} },
      validationActions: ["Deny", "Warn"],
    }),
    [
      "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
      "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
      'spec.validationActions: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ],
  );
  assert.deepEqual(
    await refusals("mutatingadmissionpolicies", {
      matchConstraints: { resourceRules: [{ ...onConfigMaps.resourceRules[0], operations: ["DELETE"] }] },
      reinvocationPolicy: "Never",
      mutations: [{ patchType: "JSONPatch", applyConfiguration: { expression: "Object{}" } }],
    }),
    [
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    ],
  );
});
