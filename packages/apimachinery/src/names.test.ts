import assert from "node:assert/strict";
import { test } from "node:test";
import * as names from "./names.ts";

type Rule = (value: string) => string[];

const valid: [Rule, string[]][] = [
  [names.isDNS1123Label, ["a", "0", "my-name", "a".repeat(63)]],
  [names.isDNS1123Subdomain, ["a", "a.b.c", "0.1", "example.com"]],
  [names.isDNS1035Label, ["a", "abc-123"]],
  [names.isQualifiedName, ["a", "A.b_c", "example.com/Name", "1.2"]],
  [names.isValidLabelValue, ["", "a", "A_b.c", "12345"]],
  [names.isConfigMapKey, ["a", "A.b", ".hidden", "__proto__"]],
  [names.isRelaxedEnvVarName, ["A", "1 2:3"]],
  [names.isHTTPHeaderName, ["X-Header"]],
  [names.isValidPortName, ["http", "a-1"]],
  [names.isValidPercent, ["1%", "100%"]],
  [names.isWildcardDNS1123Subdomain, ["*.example.com"]],
  [names.isPathSegmentName, ["system:node", "a b"]],
];

test("what is valid", () => {
  for (const [rule, values] of valid) for (const v of values) assert.deepEqual(rule(v), [], `${rule.name}(${v})`);
});

test("complaints are upstream's", () => {
  assert.deepEqual(names.isDNS1123Label("a.b"), ["must not contain dots"]);
  assert.deepEqual(names.isDNS1123Subdomain("Web"), [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  assert.deepEqual(names.isDNS1123Label("-"), [
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ]);
  assert.deepEqual(names.isDNS1123Label("a".repeat(64)), ["must be no more than 63 characters"]);
  assert.deepEqual(names.isQualifiedName("/a"), ["prefix part must be non-empty"]);
  assert.deepEqual(names.isQualifiedName("x/").slice(0, 1), ["name part must be non-empty"]);
  assert.match(names.isQualifiedName("a/b/c").join(), /^a valid label key must consist of/);
  assert.deepEqual(names.isConfigMapKey(".."), ["must not be '..'"]);
  assert.deepEqual(names.isConfigMapKey("..a"), ["must not start with '..'"]);
  assert.deepEqual(names.isValidPortNum(0), ["must be between 1 and 65535, inclusive"]);
  assert.deepEqual(names.isValidPortName("-"), [
    "must contain at least one letter (a-z)",
    "must not begin or end with a hyphen",
  ]);
  assert.deepEqual(names.isPathSegmentName("a/b%"), ["may not contain '/'", "may not contain '%'"]);
  assert.deepEqual(names.isPathSegmentName(".."), ["may not be '..'"]);
});

test("a prefix may end with a dash", () => {
  assert.deepEqual(names.nameIsDNSSubdomain("web-", true), []);
  assert.notDeepEqual(names.nameIsDNSSubdomain("web-", false), []);
});
