import assert from "node:assert/strict";
import { test } from "node:test";
import { installPackages } from "./preflight.ts";

const missing = [
  { name: "runc", why: "starts each container for containerd" },
  { name: "nftables", why: "leads Service addresses to pods" },
];

test("--no-install says what to run instead", async () => {
  await assert.rejects(installPackages(missing, { install: false, tell: () => assert.fail() }), {
    message:
      'this machine lacks runc, nftables, and --no-install forbids installing them: run "apt-get install runc nftables" first',
  });
});

test("nothing missing, nothing done", async () => {
  await installPackages([], { install: false, tell: () => assert.fail() });
});
