import assert from "node:assert/strict";
import { test } from "node:test";
import { causesOf, crdsPath, customServer, define, specOf, version, widgets } from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

const at = "spec.validation.openAPIV3Schema";
const spec = `${at}.properties[spec]`;

const refused: readonly (readonly [what: string, crd: object, ...causes: string[]])[] = [
  [
    "a field without a type",
    widgets(specOf({ a: {} })),
    `${spec}.properties[a].type: Required value: must not be empty for specified object fields`,
  ],
  [
    "a root of another type",
    widgets({ type: "string" }),
    `${at}.type: Invalid value: "string": must be object at the root`,
  ],
  [
    "an array without items",
    widgets(specOf({ a: { type: "array" } })),
    `${spec}.properties[a].items: Required value: must be specified`,
  ],
  [
    "types in anyOf",
    widgets(specOf({ a: { type: "string", anyOf: [{ type: "string" }] } })),
    `${spec}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural`,
  ],
  [
    "a field that only allOf knows",
    widgets({ ...specOf({}), allOf: [{ properties: { spec: { properties: { b: { minimum: 1 } } } } }] }),
    `${spec}.properties[b]: Required value: because it is defined in ${at}.allOf[0].properties[spec].properties[b]`,
  ],
  [
    "a pattern RE2 does not take",
    widgets(specOf({ a: { type: "string", pattern: "[" } })),
    `${spec}.properties[a].pattern: Invalid value: "[": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: \`[\``,
  ],
  [
    "metadata that says too much",
    widgets({ properties: { metadata: { type: "object", properties: { labels: { type: "object" } } } } }),
    `${at}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified`,
  ],
  [
    "unique items",
    widgets(specOf({ a: { type: "array", uniqueItems: true, items: { type: "string" } } })),
    `${spec}.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
  ],
  [
    "keys that may be absent",
    widgets(
      specOf({
        a: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
          items: { type: "object", properties: { k: { type: "string" } } },
        },
      }),
    ),
    `${spec}.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
  ],
  [
    "a default that does not fit",
    widgets(specOf({ a: { type: "integer", default: "x" } })),
    `${spec}.properties[a].default: Invalid value: "string": ${spec}.properties[a].default in body must be of type integer: "string"`.replace(
      `${spec}.properties[a].default in body`,
      " in body",
    ),
  ],
  [
    "a default with unknown fields",
    widgets(specOf({ a: { type: "object", default: { b: 1 } } })),
    `${spec}.properties[a].default: Invalid value: {"b":1}: must not have unknown fields`,
  ],
  [
    "no version to store",
    widgets({}, { storage: false }),
    'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
    "status.storedVersions: Invalid value: null: must have at least one stored version",
  ],
  [
    "a group without a dot",
    { ...widgets({}, {}, { group: "example" }), metadata: { name: "widgets.example" } },
    'spec.group: Invalid value: "example": should be a domain with at least one dot',
  ],
  [
    "another name",
    { ...widgets(), metadata: { name: "other.example.com" } },
    'metadata.name: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group',
  ],
  [
    "columns and paths that are none",
    widgets(
      {},
      {
        additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: "spec.a" }],
        selectableFields: [{ jsonPath: ".spec.b" }],
      },
    ),
    'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with .',
    'spec.selectableFields[0].jsonPath: Invalid value: ".spec.b": is an invalid path: does not refer to a valid field',
  ],
  [
    "a rule that does not compile, and one that is no condition",
    widgets(specOf({ a: { type: "integer", "x-kubernetes-validations": [{ rule: "self.b" }, { rule: "self + 1" }] } })),
    `${spec}.properties[a].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self.b","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:5: type 'int' does not support field selection\n | self.b\n | ....^`,
    `${spec}.properties[a].x-kubernetes-validations[1].rule: Invalid value: {"Rule":"self + 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
  ],
  [
    "oldSelf where nothing can be compared",
    widgets(
      specOf({
        a: {
          type: "array",
          items: { type: "string", maxLength: 5, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] },
        },
      }),
    ),
    `${spec}.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${spec}.properties[a]`,
  ],
  [
    "preserving everything the old way",
    widgets({}, {}, { preserveUnknownFields: true }),
    "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
  ],
  [
    "a webhook without a way to it",
    widgets(
      {},
      {},
      { conversion: { strategy: "Webhook", webhook: { clientConfig: {}, conversionReviewVersions: ["v9"] } } },
    ),
    "spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required",
    'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
  ],
  [
    "a protected group without approval",
    { ...widgets({}, {}, { group: "x.k8s.io" }), metadata: { name: "widgets.x.k8s.io" } },
    'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
  ],
];

test("a CustomResourceDefinition is refused with upstream's causes", async (t) => {
  const server = await customServer(t);
  for (const [what, crd, ...causes] of refused) {
    await t.test(what, async () => {
      const reply = await send(server, "POST", crdsPath, crd);
      assert.equal(reply.status, 422, reply.text);
      assert.deepEqual(causesOf(reply).sort(), causes.sort());
    });
  }
});

test("paths name the version where versions differ", async (t) => {
  const server = await customServer(t);
  const versions = [version("v1", {}, { storage: true }), version("v2", specOf({ a: {} }))];
  const reply = await send(server, "POST", crdsPath, widgets({}, {}, { versions }));
  assert.deepEqual(causesOf(reply), [
    "spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields",
  ]);
});

test("an expensive rule is refused; one within bounds is not", async (t) => {
  const server = await customServer(t);
  const rule = { "x-kubernetes-validations": [{ rule: "self.all(x, self.all(y, x == y))" }] };
  const list = (bounds: object) =>
    widgets(specOf({ a: { type: "array", items: { type: "string" }, ...bounds, ...rule } }));
  const reply = await send(server, "POST", crdsPath, list({}));
  assert.match(
    causesOf(reply)[0]!,
    /x-kubernetes-validations\[0\].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x/,
  );
  const bounded = list({ maxItems: 10, items: { type: "string", maxLength: 10 } });
  assert.equal((await send(server, "POST", crdsPath, bounded)).status, 201);
});

test("what stored objects depend on stays, and a stored version cannot go", async (t) => {
  const server = await customServer(t);
  await define(server, widgets());
  const url = `${crdsPath}/widgets.example.com`;
  const crd = (await send(server, "GET", url)).json;
  assert.deepEqual(crd.status.storedVersions, ["v1"]);
  const scope = await send(server, "PUT", url, { ...crd, spec: { ...crd.spec, scope: "Cluster" } });
  assert.deepEqual(causesOf(scope), ['spec.scope: Invalid value: "Cluster": field is immutable']);
  const moved = { ...crd.spec, versions: [version("v2", {}, { storage: true })] };
  const gone = await send(server, "PUT", url, { ...crd, spec: moved });
  assert.match(
    causesOf(gone)[0]!,
    /^status.storedVersions\[0\]: Invalid value: "v1": missing from spec.versions; v1 was previously/,
  );
  const both = { ...crd.spec, versions: [version("v1", {}), version("v2", {}, { storage: true })] };
  const migrated = await send(server, "PUT", url, { ...crd, spec: both });
  assert.deepEqual(migrated.json.status.storedVersions, ["v1", "v2"]);
});

test("unknown formats and sets of objects are warned of", async (t) => {
  const server = await customServer(t);
  const reply = await send(server, "POST", crdsPath, widgets(specOf({ a: { type: "string", format: "odd" } })));
  assert.equal(reply.status, 201);
  assert.match(String(reply.headers["warning"]), /unrecognized format \\"odd\\"/);
});

test("schemas below items are decoded as strictly as those above", async (t) => {
  const server = await customServer(t);
  const list = (items: object) => widgets(specOf({ a: { type: "array", items } }));
  const wrong = await send(server, "POST", crdsPath, list({ type: "string", maxLength: "x" }));
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.message, /cannot unmarshal string into Go/);
  const made = await send(server, "POST", crdsPath, list({ type: "string", unheard: 1 }));
  const { spec: specSchema } = made.json.spec.versions[0].schema.openAPIV3Schema.properties;
  assert.deepEqual(specSchema.properties.a.items, { type: "string" });
});
