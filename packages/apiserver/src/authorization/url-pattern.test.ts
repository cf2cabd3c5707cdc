import assert from "node:assert/strict";
import { test } from "node:test";
import { growth } from "@kubets/apimachinery/testing";
import { urlMatches } from "./url-pattern.ts";

test("stars stand for what comes after, at the end alone", () => {
  assert.ok(urlMatches("*", "/healthz"));
  assert.ok(urlMatches("/healthz/*", "/healthz/etcd"));
  assert.ok(urlMatches("/healthz**", "/healthz"));
  assert.ok(urlMatches("/healthz", "/healthz"));
  assert.equal(urlMatches("/healthz/*", "/healthz"), false);
  assert.equal(urlMatches("/*/etcd", "/healthz/etcd"), false);
  const ratio = growth(40_000, (size) => assert.equal(urlMatches(`/${"*".repeat(size)}a*`, "/b"), false));
  assert.ok(ratio < 8, `four times as many stars took ${ratio} times as long`);
});
