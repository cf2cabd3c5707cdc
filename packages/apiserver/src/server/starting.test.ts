import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "@kubets/storage";
import { apiServerIdentity } from "../services/default-objects.ts";
import { customServer, define, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

test("until custom resources are loaded, what nothing answers for may yet come", async (t) => {
  const store = memoryStore();
  await define(await customServer(t, { store }), widgets());
  const begun = Promise.withResolvers<void>();
  const wait = Promise.withResolvers<void>();
  const server = realServer({
    store,
    bootstrap: [
      () => {
        begun.resolve();
        return wait.promise;
      },
    ],
  });
  const stop = new AbortController();
  t.after(() => stop.abort());
  const ended = server.start(stop.signal);
  await begun.promise;
  for (const path of [widgetsPath, "/apis/example.com/v1", "/nowhere"]) {
    const { status, headers, json } = await send(server, "GET", path);
    assert.deepEqual([status, headers["retry-after"], json.reason], [503, "5", "ServiceUnavailable"]);
    assert.equal(
      json.message,
      "the request has been made before all known HTTP paths have been installed, please try again",
    );
  }
  assert.equal((await send(server, "GET", "/api/v1/nothings")).status, 404);
  const own = server.transport(apiServerIdentity).request({ method: "GET", path: widgetsPath, query: {} });
  await assert.rejects(own, { code: 404 });
  wait.resolve();
  await server.ready;
  assert.equal((await send(server, "GET", widgetsPath)).status, 200);
  assert.equal((await send(server, "GET", "/nowhere")).status, 404);
  stop.abort();
  await ended;
});
