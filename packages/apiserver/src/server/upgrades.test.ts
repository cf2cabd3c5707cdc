import assert from "node:assert/strict";
import { test } from "node:test";
import { takesUpgrade } from "./upgrades.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const pod = "/api/v1/namespaces/default/pods/p";

test("only streams, what is passed on and watches over WebSocket are upgraded", () => {
  const takes = (url: string, upgrade: string, method = "GET") =>
    takesUpgrade({ method, url, headers: { upgrade } }, (path) => path.startsWith("/apis/elsewhere/"));
  for (const [url, upgrade, method] of [
    [`${pod}/exec?command=a`, "SPDY/3.1", "POST"],
    [`${pod}/attach`, "websocket"],
    [`${pod}/portforward`, "websocket"],
    [`${pod}/proxy/a?b=c`, "anything"],
    [`${maps}?watch=1`, "WebSocket"],
    [`/api/v1/watch/pods`, "websocket"],
    ["/apis/elsewhere/v1/things?x", "anything"],
  ] as const)
    assert.ok(takes(url, upgrade, method), url);
  for (const [url, upgrade, method] of [
    [maps, "websocket"],
    [maps, "h2c"],
    [maps, "h2c", "POST"],
    [`${maps}?watch=1`, "h2c"],
    [`${pod}/log?follow=1`, "websocket"],
    ["/healthz", "websocket"],
    ["/api/%zz", "websocket"],
  ] as const)
    assert.ok(!takes(url, upgrade, method), url);
});
