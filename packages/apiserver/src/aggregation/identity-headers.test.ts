import assert from "node:assert/strict";
import { test } from "node:test";
import { identityHeaderTest } from "./identity-headers.ts";

test("whoever asks cannot name a user by a header that aggregated servers are told to believe", () => {
  const isIdentityHeader = identityHeaderTest({
    usernameHeaders: ["X-My-User"],
    uidHeaders: ["X-My-Uid"],
    groupHeaders: ["X-My-Group"],
    extraHeaderPrefixes: ["X-My-Extra-"],
  });
  const own = ["x-my-user", "x-my-uid", "x-my-group", "x-my-extra-scopes"];
  const usual = ["x-remote-user", "X-Remote-Uid", "x-remote-group", "x-remote-extra-a"];
  for (const name of [...own, ...usual]) assert.ok(isIdentityHeader(name), name);
  for (const name of ["x-my", "x-my-users", "accept", "x-forwarded-for"]) assert.ok(!isIdentityHeader(name), name);
});
