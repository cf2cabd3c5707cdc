import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import { requestOf } from "../testing/server.ts";
import { InFlight, isLongRunning, RefusedError } from "./in-flight.ts";

const ann = { name: "ann", groups: ["system:authenticated"] };
const root = { name: "root", groups: ["system:masters"] };

const infoOf = (method: string, url: string) => {
  const [path = "", query = ""] = url.split("?");
  return parseRequestInfo(method, path, new URLSearchParams(query));
};

test("what reads and what writes have limits of their own, and those who may do everything have none", () => {
  const limiter = new InFlight({ reading: 2, mutating: 1 });
  const enter = (method: string, url: string, user = ann) =>
    limiter.enter(requestOf(method, url), infoOf(method, url), user);
  const first = enter("GET", "/api/v1/pods");
  enter("GET", "/healthz");
  assert.throws(
    () => enter("GET", "/api/v1/namespaces/x/pods/y"),
    (error) => {
      assert.ok(error instanceof RefusedError);
      const { status, headers, content } = error.answer;
      assert.deepEqual([status, headers?.["retry-after"]], [429, "1"]);
      assert.ok(content.type === "bytes");
      assert.equal(content.contentType, "text/plain; charset=utf-8");
      assert.equal(Buffer.from(content.bytes).toString(), "Too many requests, please try again later.\n");
      return true;
    },
  );
  assert.equal(enter("GET", "/api/v1/pods", root), undefined);
  enter("POST", "/api/v1/namespaces/x/pods");
  assert.throws(() => enter("DELETE", "/api/v1/namespaces/x/pods/y"), RefusedError);
  // As upstream: a method that is none of get, list and watch counts as a change, of a path too.
  assert.throws(() => enter("HEAD", "/version"), RefusedError);
  assert.equal(enter("GET", "/api/v1/pods?watch=1"), undefined);
  first?.leave();
  first?.leave();
  assert.ok(enter("GET", "/api/v1/pods"));
  assert.throws(() => enter("GET", "/api/v1/pods"), RefusedError);
});

test("a limit of its own may be absent", () => {
  const limiter = new InFlight({ reading: Number.POSITIVE_INFINITY, mutating: 1 });
  for (let i = 0; i < 2000; i++) limiter.enter(requestOf("GET", "/version"), infoOf("GET", "/version"), ann);
  limiter.enter(requestOf("PUT", "/version"), infoOf("PUT", "/version"), ann);
  assert.throws(() => limiter.enter(requestOf("PUT", "/version"), infoOf("PUT", "/version"), ann), RefusedError);
});

test("what lasts as long as its client wants", () => {
  const lasting = [
    "/api/v1/watch/pods",
    "/api/v1/pods?watch=true",
    "/api/v1/namespaces/x/pods/y/log",
    "/api/v1/namespaces/x/pods/y/exec",
    "/api/v1/namespaces/x/pods/y/attach",
    "/api/v1/namespaces/x/pods/y/portforward",
    "/api/v1/namespaces/x/services/y/proxy/a",
    "/api/v1/proxy/namespaces/x/services/y",
    "/debug/pprof/profile",
  ];
  for (const url of lasting) assert.equal(isLongRunning(infoOf("GET", url)), true, url);
  for (const url of [
    "/api/v1/pods",
    "/api/v1/namespaces/x/pods/y/status",
    "/debug/api_priority_and_fairness/dump_queues",
  ]) {
    assert.equal(isLongRunning(infoOf("GET", url)), false, url);
  }
});
