import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generateApi } from "./generate-api.ts";

test("what is committed under generated/ is what the generator writes", async () => {
  const target = new URL("../../packages/api/src/generated/", import.meta.url);
  for (const [name, text] of await generateApi()) {
    assert.ok(readFileSync(new URL(name, target), "utf8") === text, `${name} is stale: run npm run generate`);
  }
});
