import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerRequest } from "../request/request.ts";
import { withHttpPolicy } from "./http-policy.ts";
import type { HttpResponse } from "./render.ts";

const answer: HttpResponse = { status: 200, headers: { a: "b" }, body: { type: "none" } };
const handle = async () => answer;
const request = (method: string, origin?: string) =>
  ({ method, headers: origin === undefined ? {} : { origin } }) as unknown as ServerRequest;

test("without a policy nothing is added", async () => {
  assert.equal(await withHttpPolicy(handle, {}), handle);
  assert.equal(await withHttpPolicy(handle, { corsAllowedOrigins: [], strictTransportSecurity: [] }), handle);
});

test("origins that match are allowed, preflights answered", async () => {
  const guarded = await withHttpPolicy(handle, { corsAllowedOrigins: ["^https://a\\.example$", "//b.example(:|$)"] });
  const from = async (origin?: string) => (await guarded(request("GET", origin))).headers;
  assert.equal((await from("https://a.example"))["access-control-allow-origin"], "https://a.example");
  assert.equal((await from("http://b.example:8080"))["access-control-allow-credentials"], "true");
  for (const other of ["https://a.example.evil", "", undefined]) assert.deepEqual(await from(other), { a: "b" });
  const { status, headers } = await guarded(request("OPTIONS", "https://a.example"));
  assert.equal(status, 204);
  assert.equal(headers["access-control-allow-methods"], "POST, GET, OPTIONS, PUT, DELETE, PATCH");
});

test("strict transport security is said with every answer", async () => {
  const guarded = await withHttpPolicy(handle, { strictTransportSecurity: ["max-age=31536000", "includeSubDomains"] });
  assert.deepEqual((await guarded(request("GET"))).headers, {
    a: "b",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
  });
});
