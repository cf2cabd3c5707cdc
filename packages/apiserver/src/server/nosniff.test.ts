/** Which answers upstream tells browsers not to guess the type of. Source: responsewriters/errors.go, healthz.go, and Go's http.Error. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Authorizer } from "../authorization/authorizer.ts";
import { send, testServer } from "../testing/server.ts";

const authorizer: Authorizer = {
  authorize: ({ path }) => {
    if (path.endsWith("/odd")) return { decision: "NoOpinion", reason: "", error: "no <answer>" };
    return { decision: path.endsWith("/closed") ? "Deny" : "Allow", reason: "" };
  },
};
const guarded = (reply: { headers: Record<string, unknown> }) => reply.headers["x-content-type-options"] === "nosniff";

test("what is refused before a handler has the request is guarded", async () => {
  const server = testServer({ authorizer });
  const path = "/api/v1/namespaces/default/configmaps";
  const closed = await send(server, "GET", `${path}/closed`);
  assert.deepEqual([closed.status, closed.json.reason, guarded(closed)], [403, "Forbidden", true]);
  const nobody = await send(server, "GET", path, undefined, { headers: { "impersonate-group": "g" } });
  assert.deepEqual([nobody.status, guarded(nobody)], [400, true]);
  const odd = await send(server, "GET", `${path}/odd`);
  assert.deepEqual([odd.status, guarded(odd)], [500, true]);
  assert.equal(odd.text, `Internal Server Error: "${path}/odd": no &lt;answer&gt;\n`);
});

test("a handler's answers are not, but for plain text", async () => {
  const server = testServer({ authorizer });
  const missing = await send(server, "GET", "/api/v1/namespaces/default/configmaps/missing");
  assert.deepEqual([missing.status, guarded(missing)], [404, false]);
  const nowhere = await send(server, "GET", "/nowhere");
  assert.deepEqual([nowhere.status, nowhere.text, guarded(nowhere)], [404, "404 page not found\n", true]);
  assert.equal(guarded(await send(server, "GET", "/livez/ping")), false);
  assert.equal(guarded(await send(server, "GET", "/livez?verbose")), true);
  const unready = await send(server, "GET", "/readyz");
  assert.deepEqual([unready.status, guarded(unready)], [500, true]);
});

test("nor is it that nobody knows who asks", async () => {
  const server = testServer({ authenticator: { authenticate: async () => undefined } });
  const unknown = await send(server, "GET", "/api/v1/pods");
  assert.deepEqual([unknown.status, guarded(unknown)], [401, false]);
});
