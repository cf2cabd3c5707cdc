import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { urlMatches } from "./url-pattern.ts";

test("stars stand for what comes after, at the end alone", () => {
  assert.ok(urlMatches("*", "/healthz"));
  assert.ok(urlMatches("/healthz/*", "/healthz/etcd"));
  assert.ok(urlMatches("/healthz**", "/healthz"));
  assert.ok(urlMatches("/healthz", "/healthz"));
  assert.equal(urlMatches("/healthz/*", "/healthz"), false);
  assert.equal(urlMatches("/*/etcd", "/healthz/etcd"), false);
  assertLinear("stars", 40_000, (size) => assert.equal(urlMatches(`/${"*".repeat(size)}a*`, "/b"), false));
});
