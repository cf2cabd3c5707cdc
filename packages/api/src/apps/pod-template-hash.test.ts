import assert from "node:assert/strict";
import { test } from "node:test";
import { fnv1a, podTemplateHash, safeEncodeString } from "./pod-template-hash.ts";
import { templateOf } from "./workload-test-objects.ts";

test("FNV-1a's published vectors", () => {
  assert.equal(fnv1a(""), 0x811c9dc5);
  assert.equal(fnv1a("a"), 0xe40c292c);
  assert.equal(fnv1a("foobar"), 0xbf9cf968);
});

test("digits become safe letters, as upstream encodes them", () => {
  assert.equal(safeEncodeString("0123456789"), "456789bcdf");
});

test("equal templates have equal hashes; a change or a collision another", () => {
  const hash = podTemplateHash(templateOf());
  const { metadata, spec } = templateOf();
  assert.match(hash, /^[bcdf4-9]{1,10}$/);
  assert.equal(podTemplateHash({ ...(spec && { spec }), ...(metadata && { metadata }) }), hash);
  assert.notEqual(podTemplateHash(templateOf({ hostname: "x" })), hash);
  assert.notEqual(podTemplateHash(templateOf(), 0), hash);
});
