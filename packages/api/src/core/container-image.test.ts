import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPullPolicy, imageTag } from "./container-image.ts";

const digest = `sha256:${"a".repeat(64)}`;

test("the tag of an image reference", () => {
  const cases: [string, string | undefined][] = [
    ["nginx", "latest"],
    ["nginx:1.25", "1.25"],
    ["registry.local:5000/team/app", "latest"],
    ["registry.local:5000/team/app:v2", "v2"],
    [`nginx@${digest}`, ""],
    [`nginx:1.25@${digest}`, "1.25"],
    ["Nginx", undefined],
    ["", undefined],
    ["nginx:", undefined],
    ["nginx@sha256:zz", undefined],
  ];
  for (const [image, tag] of cases) assert.equal(imageTag(image), tag, image);
});

test("latest is pulled always, anything else when it is not there", () => {
  assert.equal(defaultPullPolicy("nginx"), "Always");
  assert.equal(defaultPullPolicy("nginx:latest"), "Always");
  assert.equal(defaultPullPolicy("nginx:1"), "IfNotPresent");
  assert.equal(defaultPullPolicy(`nginx@${digest}`), "IfNotPresent");
  assert.equal(defaultPullPolicy(""), "IfNotPresent");
});
