import assert from "node:assert/strict";
import { test } from "node:test";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

test("a namespace is not reached by the URL of another, whose permissions would count", async () => {
  const server = realServer();
  for (const name of ["mine", "other"]) await send(server, "POST", "/api/v1/namespaces", { metadata: { name } });
  const below = "/api/v1/namespaces/mine/namespaces";
  for (const [method, url, body] of [
    ["GET", below],
    ["POST", below, { metadata: { name: "third" } }],
    ["GET", `${below}/other`],
    ["DELETE", `${below}/other`],
    ["PUT", `${below}/other/finalize`, { metadata: { name: "other" } }],
  ] as const)
    assert.equal((await send(server, method, url, body)).status, 404, `${method} ${url}`);
  assert.equal((await send(server, "GET", "/api/v1/namespaces/other")).status, 200);
});
