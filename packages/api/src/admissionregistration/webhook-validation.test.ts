import assert from "node:assert/strict";
import { test } from "node:test";
import { validateWebhooks, validateWebhooksUpdate } from "./webhook-validation.ts";

const good = {
  name: "webhook.example.com",
  clientConfig: { url: "https://example.com/path" },
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

function complaints(more: object): string[] {
  return validateWebhooks({ webhooks: [{ ...good, ...more }] }).map(({ field, message }) => `${field}: ${message}`);
}

const rule = (more: object) => ({
  rules: [{ operations: ["CREATE"], apiGroups: ["a"], apiVersions: ["v1"], resources: ["b"], ...more }],
});

test("what upstream refuses, in its words", () => {
  const at = (field: string) => `webhooks[0].${field}`;
  const form = "desired format: https://host[/path]";
  const cases: [object, string[]][] = [
    [{}, []],
    [
      { name: "a.b" },
      [`${at("name")}: Invalid value: "a.b": should be a domain with at least three segments separated by dots`],
    ],
    [
      { admissionReviewVersions: [] },
      [`${at("admissionReviewVersions")}: Required value: must specify one of v1, v1beta1`],
    ],
    [
      { admissionReviewVersions: ["v2", "v2"] },
      [
        `${at("admissionReviewVersions[1]")}: Invalid value: "v2": duplicate version`,
        `${at("admissionReviewVersions")}: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1`,
      ],
    ],
    [
      { sideEffects: "Some" },
      [`${at("sideEffects")}: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`],
    ],
    [
      { timeoutSeconds: 31 },
      [`${at("timeoutSeconds")}: Invalid value: 31: the timeout value must be between 1 and 30 seconds`],
    ],
    [{ clientConfig: {} }, [`${at("clientConfig")}: Required value: exactly one of url or service is required`]],
    [
      { clientConfig: { url: "http://user@example.com/?a=b#c" } },
      [
        `${at("clientConfig.url")}: Invalid value: "http": 'https' is the only allowed URL scheme; ${form}`,
        `${at("clientConfig.url")}: Invalid value: "user": user information is not permitted in the URL`,
        `${at("clientConfig.url")}: Invalid value: "c": fragments are not permitted in the URL`,
        `${at("clientConfig.url")}: Invalid value: "a=b": query parameters are not permitted in the URL`,
      ],
    ],
    [
      { clientConfig: { url: "" } },
      [
        `${at("clientConfig.url")}: Invalid value: "": 'https' is the only allowed URL scheme; ${form}`,
        `${at("clientConfig.url")}: Invalid value: "": host must be specified; ${form}`,
      ],
    ],
    [
      { clientConfig: { service: { name: "n", namespace: "ns", path: "foo//bar", port: 0 } } },
      [
        `${at("clientConfig.service.port")}: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive`,
        `${at("clientConfig.service.path")}: Invalid value: "foo//bar": must start with a '/'`,
        `${at("clientConfig.service.path")}: Invalid value: "foo//bar": segment[1] may not be empty`,
      ],
    ],
    [
      rule({ operations: ["*", "CREATE"] }),
      [
        `${at("rules[0].operations")}: Invalid value: ["*","CREATE"]: if '*' is present, must not specify other operations`,
      ],
    ],
    [rule({ apiVersions: [""] }), [`${at("rules[0].apiVersions[0]")}: Required value`]],
    [
      rule({ resources: ["a/*", "a/x", "*/y", "b/y"] }),
      [
        `${at("rules[0].resources[1]")}: Invalid value: "a/x": if 'a/*' is present, must not specify a/x`,
        `${at("rules[0].resources[3]")}: Invalid value: "b/y": if '*/y' is present, must not specify b/y`,
      ],
    ],
    [
      rule({ resources: ["*", "a"] }),
      [
        `${at("rules[0].resources")}: Invalid value: ["*","a"]: if '*' is present, must not specify other resources without subresources`,
      ],
    ],
    [
      {
        matchConditions: [
          { name: "", expression: " " },
          { name: "x", expression: "true" },
          { name: "x", expression: "true" },
        ],
      },
      [
        `${at("matchConditions[0].expression")}: Required value`,
        `${at("matchConditions[0].name")}: Required value`,
        `${at("matchConditions[2].name")}: Duplicate value: "x"`,
      ],
    ],
  ];
  for (const [more, expected] of cases) assert.deepEqual(complaints(more), expected);
  const twice = validateWebhooks({ webhooks: [good, good] });
  assert.deepEqual(
    twice.map(({ field }) => field),
    ["webhooks[1].name"],
  );
  const conditions = [{ name: "x", expression: "nonsense" }];
  const compiled = validateWebhooks(
    { webhooks: [{ ...good, matchConditions: conditions }] },
    () => "compilation failed",
  );
  assert.equal(compiled[0]?.message, 'Invalid value: "nonsense": compilation failed');
});

test("what was stored already may stay", () => {
  const old = {
    webhooks: [
      { ...good, sideEffects: "Some" },
      { ...good, admissionReviewVersions: ["v0"] },
    ],
  };
  assert.deepEqual(validateWebhooksUpdate(old, old), []);
  const fresh = validateWebhooksUpdate(old, { webhooks: [good] });
  assert.equal(fresh.length, 3);
});
